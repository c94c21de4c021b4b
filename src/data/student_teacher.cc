#include "data/student_teacher.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <thread>

#include "apical/error.h"
#include "core/philox.h"
#include "core/pool.h"

namespace apical {
namespace {

// Samples that pass through the teacher together: one or two cache lines, so that compilers use vectors without reordering sums.
constexpr std::size_t kBlock = 8;
using Block = std::array<double, kBlock>;

struct Layer {
  std::size_t n_out, n_in;
  std::vector<float> w;  // [n_out, n_in]
};

std::vector<Layer> teacher_of(const TeacherSettings& settings) {
  std::vector<std::int64_t> widths = {settings.inputs};
  widths.insert(widths.end(), settings.hidden.begin(), settings.hidden.end());
  widths.push_back(settings.outputs);
  std::vector<Layer> layers;
  for (std::size_t i = 1; i < widths.size(); ++i) {
    Layer layer{static_cast<std::size_t>(widths[i]), static_cast<std::size_t>(widths[i - 1]), {}};
    const RandomStream stream(static_cast<std::uint64_t>(settings.seed), fmt::format("teacher W{}", i));
    const double sd = settings.gain * std::sqrt(2.0 / static_cast<double>(layer.n_in + layer.n_out));
    layer.w.resize(layer.n_out * layer.n_in);
    for (std::size_t k = 0; k < layer.w.size(); ++k) layer.w[k] = static_cast<float>(sd * stream.normal(k));
    layers.push_back(std::move(layer));
  }
  return layers;
}

double apply(Activation activation, double v) {
  switch (activation) {
    case Activation::linear:
      return v;
    case Activation::relu:
      return v > 0 ? v : 0;
    case Activation::leaky_relu:
      return v > 0 ? v : 0.2 * v;
    default:
      throw InternalError("a teacher has linear, relu or leaky-relu units");
  }
}

// y = W x, for every sample of the block; x [n_in], y [n_out].
void multiply(const Layer& layer, const std::vector<Block>& x, std::vector<Block>& y) {
  y.resize(layer.n_out);
  for (std::size_t out = 0; out < layer.n_out; ++out) {
    const float* w = layer.w.data() + out * layer.n_in;
    Block sum{};
    for (std::size_t in = 0; in < layer.n_in; ++in) {
      for (std::size_t s = 0; s < kBlock; ++s) sum[s] += static_cast<double>(w[in]) * x[in][s];
    }
    y[out] = sum;
  }
}

// What the teacher answers to samples first … first + kBlock − 1; samples beyond the last are zero.
void answer(const std::vector<Layer>& teacher, Activation activation, const std::vector<double>& inputs,
            std::size_t first, std::size_t samples, std::vector<double>& targets) {
  const std::size_t n_in = teacher.front().n_in, n_out = teacher.back().n_out;
  const std::size_t count = std::min(kBlock, samples - first);
  std::vector<Block> x(n_in, Block{}), y;
  for (std::size_t s = 0; s < count; ++s) {
    for (std::size_t i = 0; i < n_in; ++i) x[i][s] = inputs[(first + s) * n_in + i];
  }
  for (std::size_t layer = 0; layer < teacher.size(); ++layer) {
    multiply(teacher[layer], x, y);
    if (layer + 1 < teacher.size()) {
      for (Block& unit : y) {
        for (double& v : unit) v = apply(activation, v);
      }
    }
    x.swap(y);
  }
  for (std::size_t s = 0; s < count; ++s) {
    for (std::size_t i = 0; i < n_out; ++i) targets[(first + s) * n_out + i] = x[i][s];
  }
}

}  // namespace

Dataset student_teacher(const TeacherSettings& settings, std::string_view part) {
  DatasetContents contents;
  contents.name = kStudentTeacher, contents.part = part;
  contents.size = static_cast<std::size_t>(part == "train" ? settings.samples : settings.test_samples);
  contents.inputs = static_cast<std::size_t>(settings.inputs);
  contents.target_columns = static_cast<std::size_t>(settings.outputs);
  contents.standardisation = {1, 0, 1};

  const RandomStream stream(static_cast<std::uint64_t>(settings.seed),
                            fmt::format("teacher inputs {}", part));
  auto inputs = std::make_shared<std::vector<double>>(contents.size * contents.inputs);
  for (std::size_t i = 0; i < inputs->size(); ++i) (*inputs)[i] = 2 * stream.uniform(i) - 1;

  const auto teacher = teacher_of(settings);
  contents.targets.resize(contents.size * contents.target_columns);
  Pool pool(std::max(1u, std::thread::hardware_concurrency()));
  pool.run(static_cast<std::uint32_t>((contents.size + kBlock - 1) / kBlock),
           [&](std::uint32_t block, unsigned) {
             answer(teacher, settings.activation, *inputs, block * kBlock, contents.size, contents.targets);
           });
  contents.values = std::span<const double>(*inputs);
  contents.owner = inputs;
  return Dataset(std::move(contents));
}

}  // namespace apical
