// Samples of a data set as a minibatch wants them.
#pragma once

#include <cstdint>
#include <span>

#include "apical/data.h"
#include "experiment/plan.h"
#include "network/minibatch.h"

namespace apical {

template <class T>
class DatasetSource final : public SampleSource<T> {
 public:
  DatasetSource(const Dataset& data, const Standardisation& standardisation, Task task)
      : data_(data), standardisation_(standardisation), task_(task) {}

  // The samples of the next minibatch; kept alive by the caller.
  void choose(std::span<const std::uint32_t> samples) { samples_ = samples; }

  void fill(std::size_t first, std::size_t rows, BatchState<T>& batch) const override {
    const auto samples = samples_.subspan(first, rows);
    const std::size_t stride = row_stride<T>(data_.inputs());
    T* inputs = batch.rate[0].data() + first * stride;
    data_.gather(samples, standardisation_, inputs, stride);
    for (std::size_t row = 0; row < rows; ++row) {
      batch.sample[first + row] = samples[row];
      batch.label[first + row] = task_ == Task::classification ? data_.label(samples[row]) : -1;
    }
    if (task_ == Task::autoencoder) {
      std::copy(inputs, inputs + rows * stride, batch.target.data() + first * stride);
    }
    if (task_ == Task::regression) {
      const std::size_t target_stride = row_stride<T>(data_.target_columns());
      data_.gather_targets(samples, batch.target.data() + first * target_stride, target_stride);
    }
  }

 private:
  const Dataset& data_;
  Standardisation standardisation_;
  Task task_;
  std::span<const std::uint32_t> samples_;
};

}  // namespace apical
