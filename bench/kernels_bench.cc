// How near to the processor's peak do the kernels come, and what does a nonlinearity or a noise number cost?
// Answer and machine: README.md, section Kernels.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "bench/paired.h"

namespace apical::bench {
namespace {

template <class T>
class Array {
 public:
  explicit Array(std::size_t count)
      : data_(static_cast<T*>(std::aligned_alloc(64, (count * sizeof(T) / 64 + 1) * 64)), &std::free) {
    std::mt19937 generator(1);
    std::normal_distribution<double> normal;
    for (std::size_t i = 0; i < count; ++i) data_[i] = static_cast<T>(normal(generator));
  }
  operator T*() const { return data_.get(); }

 private:
  std::unique_ptr<T[], void (*)(void*)> data_;
};

struct Shape {
  std::size_t rows, n_out, n_in;
};

// Padding counts as work, as the processor has it to do: 10 outputs are 16.
template <class T>
void product(benchmark::State& state, const std::string& name, Shape s) {
  use_kernels(name);
  const Kernels<T>& table = kernels<T>();
  const std::size_t lda = row_stride<T>(s.n_in), ldc = row_stride<T>(s.n_out);
  const Array<T> a(s.rows * lda), w(panel_size<T>(s.n_out, s.n_in)), bias(padded<T>(s.n_out)),
      c(s.rows * ldc);
  const double operations = 2.0 * static_cast<double>(s.rows * padded<T>(s.n_out) * s.n_in);
  against_peak<T>(state, table, operations, [&] {
    table.product({a, lda, w, s.n_in, s.n_out, bias, c, ldc, s.rows, Start::bias});
    benchmark::ClobberMemory();
  });
}

template <class T>
void outer_product(benchmark::State& state, const std::string& name, Shape s) {
  use_kernels(name);
  const Kernels<T>& table = kernels<T>();
  const std::size_t lde = row_stride<T>(s.n_out), ldx = row_stride<T>(s.n_in);
  const Array<T> e(s.rows * lde), x(s.rows * ldx), g(panel_size<T>(s.n_out, s.n_in));
  const double operations = 2.0 * static_cast<double>(s.rows * padded<T>(s.n_out) * s.n_in);
  const std::size_t panels = (s.n_out + kPanel<T> - 1) / kPanel<T>;
  against_peak<T>(state, table, operations, [&] {
    table.outer_product({e, lde, x, ldx, s.rows, g, s.n_out, s.n_in, 0, panels, 0, s.n_in});
    benchmark::ClobberMemory();
  });
}

// 4096 numbers that stay in the first cache level or near it.
constexpr std::size_t kNumbers = 4096;

void count_numbers(benchmark::State& state, std::size_t numbers) {
  state.counters["ns_per_16"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(numbers) * 1e-9 / 16,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

enum class Output { value, value_and_slope, difference };

template <class T>
void activation(benchmark::State& state, const std::string& name, Activation phi, Output output) {
  use_kernels(name);
  const Kernels<T>& table = kernels<T>();
  const Array<T> v(kNumbers), d(kNumbers), rate(kNumbers), slope(kNumbers), difference(kNumbers);
  table.activate(phi, v, rate, slope, kNumbers);
  for ([[maybe_unused]] auto iteration : state) {
    if (output == Output::difference)
      table.activation_difference(phi, v, rate, slope, d, difference, kNumbers);
    else
      table.activate(phi, v, rate, output == Output::value ? nullptr : static_cast<T*>(slope), kNumbers);
    benchmark::ClobberMemory();
  }
  count_numbers(state, kNumbers);
}

template <class T>
void normal(benchmark::State& state, const std::string& name) {
  use_kernels(name);
  const std::size_t n = 256, rows = kNumbers / n;
  std::vector<std::uint32_t> samples(rows);
  for (std::size_t i = 0; i < rows; ++i) samples[i] = static_cast<std::uint32_t>(i);
  const Array<T> out(rows * row_stride<T>(n));
  std::uint32_t step = 0;
  for ([[maybe_unused]] auto iteration : state) {
    kernels<T>().normal({{1, 0, 0}, samples, step++, 0, n, out, row_stride<T>(n)});
    benchmark::ClobberMemory();
  }
  count_numbers(state, rows * n);
}

template <class T>
void transpose(benchmark::State& state, const std::string& name) {
  use_kernels(name);
  const std::size_t n = 256;
  const Array<T> w(panel_size<T>(n, n)), transposed(panel_size<T>(n, n));
  for ([[maybe_unused]] auto iteration : state) {
    kernels<T>().transpose_panels({w, n, n, transposed});
    benchmark::ClobberMemory();
  }
  count_numbers(state, n * n);
}

// Eight lanes of weight changes of 784-256³-10 become one.
template <class T>
void sum_of_lanes(benchmark::State& state, const std::string& name) {
  use_kernels(name);
  const std::size_t lanes = 8, count = 335872;
  const Array<T> parts(lanes * count), out(count);
  std::vector<const T*> pointers;
  for (std::size_t q = 0; q < lanes; ++q) pointers.push_back(parts + q * count);
  for ([[maybe_unused]] auto iteration : state) {
    kernels<T>().sum(pointers.data(), lanes, out, count);
    benchmark::ClobberMemory();
  }
  count_numbers(state, lanes * count);
}

template <class T>
void register_all(const std::string& name) {
  const std::string prefix = name + (sizeof(T) == 4 ? "/float/" : "/double/");
  const auto add = [&prefix](const std::string& title, auto body) {
    return benchmark::RegisterBenchmark((prefix + title).c_str(), body);
  };
  for (const Shape s : {Shape{8, 256, 256}, Shape{16, 256, 256}, Shape{32, 256, 256}, Shape{128, 256, 784},
                        Shape{13, 256, 256}, Shape{128, 10, 256}, Shape{16, 256, 10}}) {
    const std::string shape =
        std::to_string(s.rows) + "x" + std::to_string(s.n_out) + "x" + std::to_string(s.n_in);
    add("product/" + shape, [name, s](benchmark::State& state) {
      product<T>(state, name, s);
    })->UseManualTime();
  }
  for (const Shape s : {Shape{16, 256, 256}, Shape{128, 256, 256}}) {
    const std::string shape =
        std::to_string(s.rows) + "x" + std::to_string(s.n_out) + "x" + std::to_string(s.n_in);
    add("outer_product/" + shape, [name, s](benchmark::State& state) {
      outer_product<T>(state, name, s);
    })->UseManualTime();
  }
  for (const Activation phi : {Activation::relu, Activation::tanh, Activation::tanh_fast, Activation::sigmoid,
                               Activation::sigmoid_fast, Activation::softplus}) {
    const std::string title = to_string(phi);
    add(title + "/value",
        [name, phi](benchmark::State& state) { activation<T>(state, name, phi, Output::value); });
    add(title + "/value_and_slope",
        [name, phi](benchmark::State& state) { activation<T>(state, name, phi, Output::value_and_slope); });
    add(title + "/difference",
        [name, phi](benchmark::State& state) { activation<T>(state, name, phi, Output::difference); });
  }
  add("normal", [name](benchmark::State& state) { normal<T>(state, name); });
  add("transpose/256x256", [name](benchmark::State& state) { transpose<T>(state, name); });
  add("sum/8x335872", [name](benchmark::State& state) { sum_of_lanes<T>(state, name); });
}

}  // namespace
}  // namespace apical::bench

int main(int argc, char** argv) {
  for (const std::string& name : apical::available_kernels()) {
    // Without fused multiply-adds, or without vectors, the probe is not the peak; the reference has no claim
    // to speed.
    if (name == "reference" || name == "SSE4" || name == "SCALAR") continue;
    apical::bench::register_all<float>(name);
    apical::bench::register_all<double>(name);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
