#include "kernels/counting.h"

#include <type_traits>

namespace apical {
namespace {

using profile::Tally;
using profile::Work;
using profile::WorkScope;

template <class T>
const Kernels<T>*& plain_table() {
  static const Kernels<T>* plain = nullptr;
  return plain;
}

const PairKernels*& plain_pair_table() {
  static const PairKernels* plain = nullptr;
  return plain;
}

template <class T>
const auto& plain_products() {
  if constexpr (std::is_same_v<T, Bfloat16Pair>)
    return *plain_pair_table();
  else
    return *plain_table<T>();
}

// Factors in one T.
template <class T>
constexpr std::size_t kFactors = std::is_same_v<T, Bfloat16Pair> ? 2 : 1;

template <class T>
double bytes(std::size_t numbers) {
  return static_cast<double>(numbers * sizeof(T));
}

Tally multiplying(std::size_t rows, std::size_t n_out, std::size_t n_in, double operand_bytes) {
  return {.multiply_adds = static_cast<double>(rows) * static_cast<double>(n_out) * static_cast<double>(n_in),
          .bytes = operand_bytes};
}

// `arrays` numbers are read or written for each of `count` elements.
template <class T>
Tally pointwise(std::size_t count, std::size_t arrays) {
  return {.elements = static_cast<double>(count), .bytes = bytes<T>(count * arrays)};
}

// Units of some panels of a matrix, without padding; panels that are not there do not count.
template <class T>
std::size_t units_of_panels(std::size_t first_panel, std::size_t panels, std::size_t n_out) {
  const std::size_t first = first_panel * kPanel<T>, left = n_out - first;
  return panels < panel_count<T>(left) ? panels * kPanel<T> : left;
}

template <class T>
void product(const Product<T>& p) {
  const std::size_t units = units_of_panels<T>(p.first_panel, p.panels, p.n_out);
  const std::size_t results = p.rows * padded<T>(units) * (p.start == Start::keep ? 2 : 1);
  const WorkScope scope(Work::product,
                        multiplying(p.rows, units, kFactors<T> * p.n_in,
                                    bytes<T>(p.rows * p.n_in + panel_size<T>(units, p.n_in) + results)));
  plain_products<T>().product(p);
}

template <class T>
void outer_product(const OuterProduct<T>& p) {
  const std::size_t units = units_of_panels<T>(p.first_panel, p.panels, p.n_out);
  const std::size_t factors = p.rows * (padded<T>(units) + p.k_count);
  const std::size_t sums = padded<T>(units) * p.k_count * (p.start == Start::keep ? 2 : 1);
  const WorkScope scope(Work::outer_product,
                        multiplying(kFactors<T> * p.rows, units, p.k_count, bytes<T>(factors + sums)));
  plain_products<T>().outer_product(p);
}

template <class T>
void activate(Activation activation, const T* v, T* rate, T* slope, std::size_t count) {
  const std::size_t arrays = 1 + (rate != nullptr) + (slope != nullptr);
  const WorkScope scope(Work::activation, pointwise<T>(count, arrays));
  plain_table<T>()->activate(activation, v, rate, slope, count);
}

template <class T>
void activation_difference(Activation activation, const T* v, const T* rate, const T* slope, const T* d,
                           T* difference, std::size_t count) {
  const WorkScope scope(Work::difference, pointwise<T>(count, 5));
  plain_table<T>()->activation_difference(activation, v, rate, slope, d, difference, count);
}

template <class T>
void normal(const NoiseBlock<T>& block) {
  const WorkScope scope(Work::noise, pointwise<T>(block.samples.size() * block.n, 1));
  plain_table<T>()->normal(block);
}

template <class T>
void sum(const T* const* parts, std::size_t parts_count, T* out, std::size_t count) {
  const WorkScope scope(Work::addition, pointwise<T>(count, parts_count + 1));
  plain_table<T>()->sum(parts, parts_count, out, count);
}

template <class T>
void add_scaled(T a, const T* x, T* y, std::size_t count) {
  const WorkScope scope(Work::addition, pointwise<T>(count, 3));
  plain_table<T>()->add_scaled(a, x, y, count);
}

template <class T>
void scale(T a, T* y, std::size_t count) {
  const WorkScope scope(Work::addition, pointwise<T>(count, 2));
  plain_table<T>()->scale(a, y, count);
}

template <class T>
void multiply(const T* x, T* y, std::size_t count) {
  const WorkScope scope(Work::addition, pointwise<T>(count, 3));
  plain_table<T>()->multiply(x, y, count);
}

template <class T>
void column_sums(const T* e, std::size_t lde, std::size_t rows, std::size_t n, T* out) {
  const WorkScope scope(Work::addition, pointwise<T>(padded<T>(n), rows + 2));
  plain_table<T>()->column_sums(e, lde, rows, n, out);
}

template <class T>
void transpose_panels(const Transpose<T>& p) {
  const std::size_t units = units_of_panels<T>(p.first_panel, p.panels, p.n_out);
  const std::size_t inputs = p.k_count < p.n_in - p.first_k ? p.k_count : p.n_in - p.first_k;
  const WorkScope scope(Work::transpose, pointwise<T>(panel_size<T>(inputs, units), 2));
  plain_table<T>()->transpose_panels(p);
}

// Two floats are read for a word.
Tally rounding(const Rounding& r) {
  const double numbers = static_cast<double>(r.rows) * static_cast<double>(r.n);
  return {.elements = numbers, .bytes = 1.5 * sizeof(float) * numbers};
}

void round_along(const Rounding& r) {
  const WorkScope scope(Work::rounding, rounding(r));
  plain_pair_table()->round_along(r);
}

void round_across(const Rounding& r) {
  const WorkScope scope(Work::rounding, rounding(r));
  plain_pair_table()->round_across(r);
}

}  // namespace

template <class T>
const Kernels<T>& counting_table(const Kernels<T>& plain) {
  static Kernels<T> counting;
  plain_table<T>() = &plain;
  counting = plain;  // a kernel that has no counting twin here runs uncounted
  counting.product = &product<T>;
  counting.outer_product = &outer_product<T>;
  counting.activate = &activate<T>;
  counting.activation_difference = &activation_difference<T>;
  counting.normal = &normal<T>;
  counting.sum = &sum<T>;
  counting.add_scaled = &add_scaled<T>;
  counting.scale = &scale<T>;
  counting.multiply = &multiply<T>;
  counting.column_sums = &column_sums<T>;
  counting.transpose_panels = &transpose_panels<T>;
  return counting;
}

const PairKernels& counting_table(const PairKernels& plain) {
  static PairKernels counting;
  plain_pair_table() = &plain;
  counting = plain;
  counting.product = &product<Bfloat16Pair>;
  counting.outer_product = &outer_product<Bfloat16Pair>;
  counting.round_along = &round_along;
  counting.round_across = &round_across;
  return counting;
}

template const Kernels<float>& counting_table(const Kernels<float>&);
template const Kernels<double>& counting_table(const Kernels<double>&);

}  // namespace apical
