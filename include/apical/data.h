// Data sets: samples with labels or real targets, held as their source holds them and standardised when they
// are gathered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "apical/teacher_settings.h"

namespace apical {

// x -> (x scale - mean) / sd. For sources of bytes and of float32 the result is the one of float32 arithmetic
// (x scale rounded once, then the subtraction, then the division), widened for double: float and double
// networks see the same numbers, and for scale = 1/255 these are the bits of PyTorch's ToTensor and
// Normalize. Sources of float64 are standardised in float64.
struct Standardisation {
  double scale = 1.0 / 255;
  double mean = 0;
  double sd = 1;

  bool operator==(const Standardisation&) const = default;
};

// Where data sets are looked for.
struct DataPaths {
  std::filesystem::path cache_dir;              // written by get_dataset only
  std::optional<std::filesystem::path> folder;  // of the user's, with the published files, plain or .gz
};

// The cache is $APICAL_DATA, else $XDG_CACHE_HOME/apical, else ~/.cache/apical; no folder. Throws Error if
// none of the three variables (APICAL_DATA, XDG_CACHE_HOME, HOME) is set.
DataPaths default_data_paths();

// What a Dataset is made of. Exactly one kind of target may be there: labels (classes > 0), or real targets,
// or none of them.
struct DatasetContents {
  std::string name;  // "mnist"
  std::string part;  // "train" or "test"
  std::size_t size = 0;
  std::size_t inputs = 0;          // features per sample
  std::size_t rows = 0, cols = 0;  // of an image, row by row; 0 where the samples are no images
  // [size, inputs], row-major; kept alive by `owner`, so that a file may stay memory-mapped.
  std::variant<std::span<const std::uint8_t>, std::span<const float>, std::span<const double>> values;
  std::shared_ptr<const void> owner;
  int classes = 0;                   // 0: no labels
  std::vector<std::int32_t> labels;  // [size], each in [0, classes)
  std::size_t target_columns = 0;    // 0: no real targets
  std::vector<double> targets;       // [size, target_columns], row-major
  Standardisation standardisation;   // the one its description recommends
};

// One part of a data set, immutable; copies share the samples.
class Dataset {
 public:
  // Throws Error at "<name> <part>" if shapes disagree, a label is out of range, or an input or target is NaN
  // or infinite (the message names the sample and the feature, both counted from 0).
  explicit Dataset(DatasetContents contents);

  const std::string& name() const { return contents_->name; }
  const std::string& part() const { return contents_->part; }
  std::size_t size() const { return contents_->size; }
  std::size_t inputs() const { return contents_->inputs; }
  std::size_t rows() const { return contents_->rows; }
  std::size_t cols() const { return contents_->cols; }
  int classes() const { return contents_->classes; }
  std::size_t target_columns() const { return contents_->target_columns; }
  // What its description recommends: mnist (x/255 - 0.1307)/0.3081, fashion-mnist x/255, digits x/16.
  const Standardisation& standardisation() const { return contents_->standardisation; }
  // "uint8", "float32" or "float64": how the samples are held.
  std::string_view storage() const;

  std::int32_t label(std::size_t sample) const { return contents_->labels[sample]; }
  std::span<const std::int32_t> labels() const { return contents_->labels; }  // [size] or empty
  std::span<const double> targets() const { return contents_->targets; }  // [size, target_columns] or empty

  // Writes the samples, standardised, as rows of `out` [B, row_stride]; what a row has beyond inputs()
  // becomes zero. T is float or double; every index has to be below size(), row_stride at least inputs().
  template <class T>
  void gather(std::span<const std::uint32_t> samples, const Standardisation& standardisation, T* out,
              std::size_t row_stride) const;
  // The same for the real targets, as they are: [B, row_stride], zero beyond target_columns().
  template <class T>
  void gather_targets(std::span<const std::uint32_t> samples, T* out, std::size_t row_stride) const;

  // SHA-256 over the held samples, then the labels (int32) or targets (float64), little-endian, as 64 hex
  // digits: the same for the same data, whatever file it came from.
  std::string hash() const;

 private:
  std::shared_ptr<const DatasetContents> contents_;
};

extern template void Dataset::gather(std::span<const std::uint32_t>, const Standardisation&, float*,
                                     std::size_t) const;
extern template void Dataset::gather(std::span<const std::uint32_t>, const Standardisation&, double*,
                                     std::size_t) const;
extern template void Dataset::gather_targets(std::span<const std::uint32_t>, float*, std::size_t) const;
extern template void Dataset::gather_targets(std::span<const std::uint32_t>, double*, std::size_t) const;

// The valid choices of choose_standardisation: default, none, unit, standard.
std::span<const std::string> standardisation_choices();

// The standardisation by name, for the training part:
//   default   what the description of the data set recommends;
//   none      the values as they are;
//   unit      onto [0, 1] (or [-1, 1] where values are negative): by 255 (bytes), 16 (digits), or the
//   greatest magnitude (reals); standard  zero mean and unit deviation over all inputs of all samples of
//   `train`, after `unit`; mnist has the published
//             0.1307 and 0.3081.
// Apply the result to every part. Throws Error for another name, and for `standard` if all values are equal.
Standardisation choose_standardisation(const Dataset& train, std::string_view choice);

// How the last column, or the array y, of a file of the user's is to be read.
enum class TargetKind {
  automatic,  // class labels if all of them are whole numbers from 0 up and below 65,536 (in an array: of an
              // integer type)
  classes,
  real
};

struct LoadOptions {
  TargetKind targets = TargetKind::automatic;
  int classes = 0;  // 0: one more than the greatest label of both parts; else labels have to be below it
  std::string label_column;  // csv: the name of the column in the header; empty: the last column
  TeacherSettings teacher;   // of student-teacher
};

// Loads one part ("train" or "test") of a data set:
//   digits, mnist, fashion-mnist, fashion-mnist-unofficial-split: see known_datasets() (data_catalogue.h);
//   files come from the
//     cache, else from the folder, and have to have their published SHA-256;
//   student-teacher: inputs uniform in (−1, 1), targets the answers of a random network (teacher_settings.h);
//   csv:FILE             numbers separated by comma, semicolon or tab, a header or none, plain or .gz;
//   npz:FILE             arrays x [N, …] and y [N] or [N, m] (y may be missing), and x_test, y_test where
//   there is a test part; npy:X.npy,Y.npy      two arrays; "npy:X.npy" has no targets; idx:IMAGES,LABELS two
//   IDX files, plain or .gz.
// After csv:, npy: and idx: a second file (or pair) for the test part may follow "::", as in
// csv:a.csv::b.csv. Without a test part, one sample in five (rounded down) is the test part: split(size,
// size/5, 0) of data_split.h. IDX files of bytes stay memory-mapped; do not shorten such a file while it is
// in use. Throws Error that says which file is missing, malformed, or does not match, and how to get it.
Dataset load_dataset(std::string_view name, std::string_view part, const DataPaths& paths,
                     const LoadOptions& options = {});

}  // namespace apical
