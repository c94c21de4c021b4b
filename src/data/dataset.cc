#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "apical/data.h"
#include "apical/data_hash.h"
#include "apical/error.h"

namespace apical {
namespace {

float standardised(double value, const Standardisation& s) {
  return (static_cast<float>(value * s.scale) - static_cast<float>(s.mean)) / static_cast<float>(s.sd);
}

template <class T>
void require_finite(std::span<const T> values, std::size_t columns, std::string_view what,
                    std::string_view column, const std::string& where) {
  const auto bad = std::find_if(values.begin(), values.end(), [](T value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  const auto index = static_cast<std::size_t>(bad - values.begin());
  throw Error(where, fmt::format("{} of sample {}, {} {}, is {}; every one has to be finite.", what,
                                 index / columns, column, index % columns, *bad));
}

void require(bool holds, const std::string& where, const std::string& problem) {
  if (!holds) throw Error(where, problem);
}

void check(const DatasetContents& c) {
  const std::string where = c.name + " " + c.part;
  require(c.size > 0 && c.inputs > 0, where,
          fmt::format("has {} samples of {} features; at least one of each is needed.", c.size, c.inputs));
  require(c.size >> 32 == 0, where, fmt::format("has {} samples, more than 2^32 - 1.", c.size));
  const std::size_t values = std::visit([](const auto& v) { return v.size(); }, c.values);
  require(values == c.size * c.inputs, where,
          fmt::format("has {} values, but {} samples of {} features.", values, c.size, c.inputs));
  require((c.rows == 0 && c.cols == 0) || c.rows * c.cols == c.inputs, where,
          fmt::format("has images of {} x {}, but {} features.", c.rows, c.cols, c.inputs));
  require(c.classes == 0 || c.target_columns == 0, where,
          "has both labels and real targets; one of them is possible.");
  require(c.labels.size() == (c.classes > 0 ? c.size : 0), where,
          fmt::format("has {} samples, but {} labels.", c.size, c.labels.size()));
  require(c.targets.size() == c.size * c.target_columns, where,
          fmt::format("has {} samples, but {} targets of {} columns.", c.size, c.targets.size(),
                      c.target_columns));
  for (std::size_t i = 0; i < c.labels.size(); ++i) {
    require(c.labels[i] >= 0 && c.labels[i] < c.classes, where,
            fmt::format("the label of sample {} is {}; with {} classes it has to be in 0 … {}.", i,
                        c.labels[i], c.classes, c.classes - 1));
  }
  if (const auto* f = std::get_if<std::span<const float>>(&c.values))
    require_finite(*f, c.inputs, "input", "feature", where);
  if (const auto* d = std::get_if<std::span<const double>>(&c.values))
    require_finite(*d, c.inputs, "input", "feature", where);
  require_finite<double>(c.targets, c.target_columns, "target", "column", where);
}

template <class Value>
void fetch(std::span<const Value> row) {
  constexpr std::size_t kLine = 64 / sizeof(Value);
  for (std::size_t i = 0; i < row.size(); i += kLine) __builtin_prefetch(row.data() + i);
}

}  // namespace

Dataset::Dataset(DatasetContents contents) {
  check(contents);
  contents_ = std::make_shared<const DatasetContents>(std::move(contents));
}

std::string_view Dataset::storage() const {
  constexpr std::string_view kNames[] = {"uint8", "float32", "float64"};
  return kNames[contents_->values.index()];
}

std::size_t Dataset::bytes() const {
  return std::visit([](const auto& values) { return values.size_bytes(); }, contents_->values) +
         contents_->labels.size() * sizeof(std::int32_t) + contents_->targets.size() * sizeof(double);
}

template <class T>
void Dataset::gather(std::span<const std::uint32_t> samples, const Standardisation& standardisation, T* out,
                     std::size_t row_stride) const {
  const std::size_t n = inputs();
  const auto copy_rows = [&](auto values, auto convert) {
    const auto row_of = [&](std::size_t b) { return values.subspan(samples[b] * n, n); };
    for (std::size_t b = 0; b < samples.size(); ++b) {
      // rows are anywhere in memory: one is on its way while another is converted
      if (b + 1 < samples.size()) fetch(row_of(b + 1));
      const auto row = row_of(b);
      T* const to = out + b * row_stride;
      std::transform(row.begin(), row.end(), to, convert);
      std::fill(to + n, to + row_stride, T{0});
    }
  };
  std::visit(
      [&](auto values) {
        using Value = std::remove_const_t<typename decltype(values)::element_type>;
        if constexpr (std::is_same_v<Value, std::uint8_t>) {
          // A byte has 256 values: a table saves the arithmetic.
          std::array<T, 256> table;
          for (int x = 0; x < 256; ++x) table[static_cast<std::size_t>(x)] = standardised(x, standardisation);
          copy_rows(values, [&table](std::uint8_t x) { return table[x]; });
        } else if constexpr (std::is_same_v<Value, float>) {
          copy_rows(values, [&](float x) { return static_cast<T>(standardised(x, standardisation)); });
        } else {
          const Standardisation s = standardisation;
          copy_rows(values, [s](double x) { return static_cast<T>((x * s.scale - s.mean) / s.sd); });
        }
      },
      contents_->values);
}

template <class T>
void Dataset::gather_targets(std::span<const std::uint32_t> samples, T* out, std::size_t row_stride) const {
  const std::size_t n = target_columns();
  for (std::size_t b = 0; b < samples.size(); ++b) {
    const auto row = targets().subspan(samples[b] * n, n);
    T* const to = out + b * row_stride;
    std::transform(row.begin(), row.end(), to, [](double x) { return static_cast<T>(x); });
    std::fill(to + n, to + row_stride, T{0});
  }
}

template void Dataset::gather(std::span<const std::uint32_t>, const Standardisation&, float*,
                              std::size_t) const;
template void Dataset::gather(std::span<const std::uint32_t>, const Standardisation&, double*,
                              std::size_t) const;
template void Dataset::gather_targets(std::span<const std::uint32_t>, float*, std::size_t) const;
template void Dataset::gather_targets(std::span<const std::uint32_t>, double*, std::size_t) const;

std::string Dataset::hash() const {
  Sha256 sum;
  std::visit([&](auto values) { sum.update(std::as_bytes(values)); }, contents_->values);
  sum.update(std::as_bytes(std::span(contents_->labels)));
  sum.update(std::as_bytes(std::span(contents_->targets)));
  return sum.hex();
}

}  // namespace apical
