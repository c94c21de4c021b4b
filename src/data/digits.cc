#include "data/digits.h"

#include <limits>

#include "apical/data_hash.h"
#include "apical/data_split.h"
#include "data/csv.h"
#include "data/files.h"

namespace apical {
namespace {

constexpr const char* kWhere = "digits.csv.gz (built in)";
constexpr const char* kSha256 = "46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a";

}  // namespace

Dataset load_digits(const DatasetSpec& spec, std::string_view part) {
  const auto text =
      read_up_to(gunzip_source(embedded_digits(), kWhere), std::numeric_limits<std::size_t>::max());
  const CsvTable table = parse_csv(text, kWhere);
  const Split parts = split(table.rows, spec.test, 0);
  const auto& rows = part == "train" ? parts.train : parts.validation;

  DatasetContents contents;
  contents.name = spec.name, contents.part = part, contents.size = rows.size();
  contents.inputs = table.cols - 1, contents.rows = spec.rows, contents.cols = spec.cols;
  contents.classes = spec.classes, contents.standardisation = spec.standardisation;
  auto values = std::make_shared<std::vector<std::uint8_t>>();
  for (const std::uint32_t row : rows) {
    const auto line = std::span(table.values).subspan(row * table.cols, table.cols);
    for (const double value : line.first(contents.inputs))
      values->push_back(static_cast<std::uint8_t>(value));
    contents.labels.push_back(static_cast<std::int32_t>(line.back()));
  }
  contents.values = std::span<const std::uint8_t>(*values);
  contents.owner = values;
  return Dataset(std::move(contents));
}

FileCheck check_digits() {
  FileCheck check;
  check.path = "digits.csv.gz";
  check.bytes = check.expected_bytes = embedded_digits().size();
  check.sha256 = sha256_hex(embedded_digits());
  check.expected_sha256 = kSha256;
  check.verdict = check.sha256 == kSha256 ? FileVerdict::intact : FileVerdict::wrong_checksum;
  check.note = "built in";
  return check;
}

}  // namespace apical
