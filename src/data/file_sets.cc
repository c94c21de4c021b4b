#include "data/file_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "apical/data_split.h"
#include "apical/error.h"
#include "data/csv.h"
#include "data/idx.h"
#include "data/npy.h"

namespace apical {
namespace {

constexpr std::int64_t kMostClasses = 65536;
const std::vector<std::string> kFormats = {"csv", "npz", "npy", "idx"};

struct Parts {
  Samples train;
  std::optional<Samples> test;
};

std::string_view before(std::string_view text, std::string_view mark) {
  return text.substr(0, text.find(mark));
}

std::string_view after(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
}

bool is_whole(double value) { return value == std::floor(value) && std::abs(value) < 9e15; }

Array as_int64(const Array& array) {
  return std::visit(
      [&](auto values) { return own(array.shape, std::vector<std::int64_t>(values.begin(), values.end())); },
      array.values);
}

Array as_float64(const Array& array) {
  return std::visit(
      [&](auto values) { return own(array.shape, std::vector<double>(values.begin(), values.end())); },
      array.values);
}

bool is_integer(const Array& array) {
  return std::visit([](auto values) { return std::is_integral_v<typename decltype(values)::element_type>; },
                    array.values);
}

bool all_whole(const Array& array) {
  return std::visit(
      [](auto values) {
        return std::all_of(values.begin(), values.end(),
                           [](auto v) { return is_whole(static_cast<double>(v)); });
      },
      array.values);
}

bool within(const Array& integers, std::int64_t least, std::int64_t most) {
  return std::visit(
      [&](auto values) {
        return std::all_of(values.begin(), values.end(), [&](auto v) {
          const auto value = static_cast<std::int64_t>(v);
          return value >= least && value <= most;
        });
      },
      integers.values);
}

// The label column apart from the others; columns of small whole numbers are held as bytes, labels as
// integers.
Samples read_table(const std::string& file, const LoadOptions& options) {
  const CsvTable table = read_csv(file);
  const std::size_t label = table.column(options.label_column, file), inputs = table.cols - 1;
  if (inputs == 0)
    throw Error(file, "has one column; one for the target and at least one for the inputs are needed.");
  std::vector<double> x, y;
  for (std::size_t r = 0; r < table.rows; ++r) {
    for (std::size_t c = 0; c < table.cols; ++c)
      (c == label ? y : x).push_back(table.values[r * table.cols + c]);
  }
  Array inputs_array = own({table.rows, inputs}, std::move(x)), targets = own({table.rows}, std::move(y));
  if (all_whole(inputs_array) && within(inputs_array, 0, 255)) {
    const auto values = std::get<std::span<const double>>(inputs_array.values);
    inputs_array = own({table.rows, inputs}, std::vector<std::uint8_t>(values.begin(), values.end()));
  }
  if (all_whole(targets)) targets = as_int64(targets);
  return {std::move(inputs_array), std::move(targets), file};
}

Parts read_tables(std::string_view files, const LoadOptions& options) {
  Parts parts{read_table(std::string(before(files, "::")), options), {}};
  const std::string test(after(files, "::"));
  if (!test.empty()) parts.test = read_table(test, options);
  return parts;
}

Parts read_archive(const std::string& file) {
  const std::vector<std::string> names = {"x", "y", "x_test", "y_test"};
  auto arrays = read_npz(file, names);
  const auto take = [&](const char* name) {
    const auto at = arrays.find(name);
    return at == arrays.end() ? std::optional<Array>() : std::optional<Array>(at->second);
  };
  if (!take("x")) throw Error(file, "has no array x.", "Save it with numpy.savez(file, x=inputs, y=labels).");
  if (take("y").has_value() != take("y_test").has_value() && take("x_test")) {
    throw Error(file, "has only one of the arrays y and y_test; both parts need targets, or neither.");
  }
  Parts parts{{*take("x"), take("y"), file}, {}};
  if (take("x_test")) parts.test = Samples{*take("x_test"), take("y_test"), file + " (test)"};
  return parts;
}

template <class Read>
Samples read_pair(std::string_view files, bool targets_needed, Read read) {
  const std::string x(before(files, ",")), y(after(files, ","));
  if (y.empty() && targets_needed)
    throw Error("data", fmt::format("'{}' names no file of labels.", files), "Write idx:IMAGES,LABELS.");
  return {read(x), y.empty() ? std::optional<Array>() : read(y), std::string(files)};
}

template <class Read>
Parts read_pairs(std::string_view files, bool targets_needed, Read read) {
  Parts parts{read_pair(before(files, "::"), targets_needed, read), {}};
  const auto test = after(files, "::");
  if (!test.empty()) parts.test = read_pair(test, targets_needed, read);
  return parts;
}

Array select(const Array& array, std::span<const std::uint32_t> rows) {
  std::vector<std::size_t> shape = array.shape;
  const std::size_t width =
      std::accumulate(shape.begin() + 1, shape.end(), std::size_t{1}, std::multiplies<>());
  shape[0] = rows.size();
  return std::visit(
      [&](auto values) {
        std::vector<std::remove_const_t<typename decltype(values)::element_type>> chosen;
        chosen.reserve(rows.size() * width);
        for (const std::uint32_t row : rows) {
          const auto from = values.subspan(row * width, width);
          chosen.insert(chosen.end(), from.begin(), from.end());
        }
        return own(shape, std::move(chosen));
      },
      array.values);
}

// One sample in five becomes the test part.
Samples take_part(const Samples& all, bool train) {
  if (all.y && all.y->samples() != all.x.samples()) return all;  // contents_of says what is wrong
  const Split parts = split(all.x.samples(), all.x.samples() / 5, 0);
  const auto& rows = train ? parts.train : parts.validation;
  if (rows.empty())
    throw Error(all.where, "has fewer than five samples, too few to set one aside as test part.");
  return {select(all.x, rows), all.y ? std::optional(select(*all.y, rows)) : std::nullopt, all.where};
}

// Whether the targets are class labels; throws where they were said to be and cannot.
bool are_labels(const Array& y, const LoadOptions& options, const std::string& where) {
  if (options.targets == TargetKind::real) return false;
  const bool column = y.shape.size() == 1 || (y.shape.size() == 2 && y.shape[1] == 1);
  const bool fit = column && all_whole(y) && within(y, 0, kMostClasses - 1);
  if (options.targets == TargetKind::automatic && options.classes == 0) return fit && is_integer(y);
  if (!column)
    throw Error(where, fmt::format("has targets of shape {}; labels are one number per sample.",
                                   dimensions_text(y.shape)));
  if (!all_whole(y))
    throw Error(where, "has targets that are no whole numbers, so they are no class labels.");
  if (options.classes == 0 && !fit)
    throw Error(where, fmt::format("has labels outside 0 … {}.", kMostClasses - 1));
  return true;
}

int greatest_label(const Array& y) {
  return std::visit([](auto v) { return static_cast<int>(*std::max_element(v.begin(), v.end())); }, y.values);
}

void set_labels(DatasetContents& contents, const Array& y, int classes) {
  contents.classes = classes;
  // Beyond 32 bits a label is certainly out of range: keep it so.
  constexpr std::int64_t kLeast = std::numeric_limits<std::int32_t>::min(),
                         kMost = std::numeric_limits<std::int32_t>::max();
  std::visit(
      [&](auto values) {
        for (const auto v : values) {
          contents.labels.push_back(
              static_cast<std::int32_t>(std::clamp(static_cast<std::int64_t>(v), kLeast, kMost)));
        }
      },
      y.values);
}

void set_targets(DatasetContents& contents, const Array& y) {
  const Array real = as_float64(y);
  const auto values = std::get<std::span<const double>>(real.values);
  contents.targets.assign(values.begin(), values.end());
  contents.target_columns = values.size() / y.samples();
}

Parts read_parts(std::string_view format, std::string_view files, const LoadOptions& options) {
  if (format == "csv") return read_tables(files, options);
  if (format == "npz") return read_archive(std::string(files));
  if (format == "npy")
    return read_pairs(files, false, [](const std::string& file) { return read_npy(file); });
  return read_pairs(files, true, [](const std::string& file) { return read_idx(file); });
}

}  // namespace

bool is_file_set(std::string_view name) {
  return name.find(':') != std::string_view::npos &&
         std::find(kFormats.begin(), kFormats.end(), before(name, ":")) != kFormats.end();
}

DatasetContents contents_of(const Samples& samples) {
  const Array& x = samples.x;
  if (x.shape.empty()) throw Error(samples.where, "holds a single number, not samples.");
  if (samples.y && samples.y->samples() != x.samples()) {
    throw Error(samples.where,
                fmt::format("has {} samples, but {} labels or targets.", x.samples(), samples.y->samples()));
  }
  DatasetContents contents;
  contents.size = x.samples();
  contents.inputs = std::accumulate(x.shape.begin() + 1, x.shape.end(), std::size_t{1}, std::multiplies<>());
  if (x.shape.size() == 3) contents.rows = x.shape[1], contents.cols = x.shape[2];
  const Array held = std::holds_alternative<std::span<const std::int64_t>>(x.values) ? as_float64(x) : x;
  contents.owner = held.owner;
  std::visit(
      [&](auto values) {
        if constexpr (!std::is_same_v<decltype(values), std::span<const std::int64_t>>)
          contents.values = values;
      },
      held.values);
  return contents;
}

Dataset load_file_set(std::string_view name, std::string_view part, const LoadOptions& options) {
  const std::string_view format = before(name, ":");
  const Parts parts = read_parts(format, after(name, ":"), options);
  const bool train = part == "train";
  const Samples chosen = train || !parts.test ? parts.train : *parts.test;
  const Samples samples = parts.test ? chosen : take_part(chosen, train);

  DatasetContents contents = contents_of(samples);
  contents.name = name, contents.part = part;
  const bool bytes = std::holds_alternative<std::span<const std::uint8_t>>(contents.values);
  contents.standardisation = {bytes && format != "csv" ? 1.0 / 255 : 1.0, 0, 1};
  if (samples.y && samples.y->samples() > 0) {
    // Both parts decide together, so that they agree.
    const Samples& other = parts.test ? *parts.test : parts.train;
    const bool labels = are_labels(*parts.train.y, options, parts.train.where) &&
                        (!other.y || are_labels(*other.y, options, other.where));
    if (labels && options.classes > 0) {
      set_labels(contents, *samples.y, options.classes);
    } else if (labels) {
      const int most = std::max(greatest_label(*parts.train.y), other.y ? greatest_label(*other.y) : 0);
      set_labels(contents, *samples.y, most + 1);
    } else {
      set_targets(contents, *samples.y);
    }
  }
  if (parts.test && contents_of(parts.train).inputs != contents_of(*parts.test).inputs) {
    throw Error(parts.test->where,
                fmt::format("has {} features per sample, but the training part has {}.",
                            contents_of(*parts.test).inputs, contents_of(parts.train).inputs));
  }
  return Dataset(std::move(contents));
}

}  // namespace apical
