// Whether a file is the published one.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "apical/data_catalogue.h"
#include "data/catalogue.h"

namespace apical {

// What "<folder>/SHA256SUMS" (sha256sum's format) recorded when the files were fetched; empty if it does not
// exist.
std::map<std::string, std::string> recorded_sums(const std::filesystem::path& folder);

// Reads the file (plain or .gz; sizes and sums are those of the unpacked content) and compares it with its
// specification, or where that has no sum, with the recorded one. Does not throw for a bad file: that is the
// verdict.
FileCheck verify(const DatasetSpec& spec, const FileSpec& file, const std::filesystem::path& path);

// What is wrong with the content of an IDX file of this data set, beyond its size and sum: header, count,
// shape, labels that are not those of the published order. Empty: nothing.
std::string content_problem(const DatasetSpec& spec, const FileSpec& file, const std::filesystem::path& path);

}  // namespace apical
