// The dense kernels behind every verb, as one table of functions per instruction set and number type. Each
// has a naive twin that sums in double (name "reference"). Nothing here knows a rule; nothing allocates or
// throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apical/activation.h"
#include "kernels/bfloat16.h"
#include "kernels/panels.h"

namespace apical {

enum class Start {
  zero,
  bias,
  keep
};  // what a product begins from: 0, the bias of the unit, or what is there

// C[row][unit] = start + Σ_k A[row][k] · W[unit][k].   A: [rows, n_in], stride lda; W: panels [n_out, n_in];
// C: [rows, n_out], stride ldc, written over the whole padded width.   bias: padded width, read if start ==
// bias. first_panel/panels restrict the work to some panels of units, whose results begin at c: no bit changes.
// Where T is Bfloat16Pair, k counts pairs and results are floats.
template <class T>
struct Product {
  const T* a;
  std::size_t lda;
  const T* w;
  std::size_t n_in, n_out;
  const Summed<T>* bias;
  Summed<T>* c;
  std::size_t ldc;
  std::size_t rows;
  Start start;
  std::size_t first_panel = 0, panels = static_cast<std::size_t>(-1);  // as many as there are
};

// G[unit][k] += Σ_row E[row][unit] · X[row][k], rows summed in ascending order.   G: panels [n_out, n_in]; E:
// [rows, n_out]; X: [rows, n_in]. first_panel/panels and first_k/k_count restrict the work to a part of G, so
// that threads can share it without changing a bit. Where T is Bfloat16Pair, rows are pairs of rows and G has floats.
template <class T>
struct OuterProduct {
  const T* e;
  std::size_t lde;
  const T* x;
  std::size_t ldx;
  std::size_t rows;
  Summed<T>* g;
  std::size_t n_out, n_in;
  std::size_t first_panel, panels;  // panels of G to work on
  std::size_t first_k, k_count;     // presynaptic units to work on
  Start start = Start::keep;        // zero: what was in that part of G is not read
  const Summed<T>* companion =
      nullptr;  // laid out like G and wanted right after: its part is brought into the first cache
};

// Panels of Wᵀ [n_in, n_out] from panels of W [n_out, n_in]; first_panel/panels and first_k/k_count restrict the work to a part of W.
// first_k is a multiple of half a panel, and so is k_count where the part does not end with the matrix.
template <class T>
struct Transpose {
  const T* w;
  std::size_t n_out, n_in;
  T* w_transposed;
  std::size_t first_panel = 0, panels = static_cast<std::size_t>(-1);  // as many as there are
  std::size_t first_k = 0, k_count = static_cast<std::size_t>(-1);     // all of them
};

// Systems that are solved together, one in each lane.
inline constexpr std::size_t kSystems = 8;

// Counter-based noise (Philox 4x32-10, Salmon et al. 2011): the number depends on its key only, never on
// tiling or threads.
struct NoiseKey {
  std::uint64_t seed;
  std::uint32_t stream;  // what the noise is for
  std::uint32_t epoch;
};

// Standard normal numbers for rows of a layer: out[row][unit] belongs to (key, samples[row], step, first_unit
// + unit). The same 32-bit words feed float and double, so both precisions see the same noise up to rounding.
template <class T>
struct NoiseBlock {
  NoiseKey key;
  std::span<const std::uint32_t> samples;  // [rows]
  std::uint32_t step;
  std::uint32_t first_unit;  // a multiple of 64
  std::size_t n;
  T* out;  // [rows, n], stride ld; padding up to padded(n) is set to 0
  std::size_t ld;
};

template <class T>
struct Kernels {
  const char* name;   // "AVX3", "AVX2", "SSE4", "NEON", "SCALAR", "reference"
  std::size_t lanes;  // numbers of type T in a vector register

  void (*product)(const Product<T>&);
  void (*outer_product)(const OuterProduct<T>&);
  // rate[i] = φ(v[i]), slope[i] = φ'(v[i]); either output may be null.
  void (*activate)(Activation, const T* v, T* rate, T* slope, std::size_t count);
  // difference[i] = φ(v[i] + d[i]) − φ(v[i]) without cancellation; rate and slope are φ(v), φ'(v).
  void (*activation_difference)(Activation, const T* v, const T* rate, const T* slope, const T* d,
                                T* difference, std::size_t count);
  void (*normal)(const NoiseBlock<T>&);
  // out[i] = Σ_q parts[q][i], summed in the order of parts.
  void (*sum)(const T* const* parts, std::size_t parts_count, T* out, std::size_t count);
  // y[i] += a · x[i].
  void (*add_scaled)(T a, const T* x, T* y, std::size_t count);
  // y[i] *= a;   y[i] *= x[i].
  void (*scale)(T a, T* y, std::size_t count);
  void (*multiply)(const T* x, T* y, std::size_t count);
  // out[unit] += Σ_row e[row][unit] over the padded width, rows in ascending order: the bias's part of an
  // outer product.
  void (*column_sums)(const T* e, std::size_t lde, std::size_t rows, std::size_t n, T* out);
  void (*transpose_panels)(const Transpose<T>&);
  // A x = b for kSystems systems of n unknowns: Gaussian elimination with partial pivoting, in double.
  // a [n, n, kSystems] is overwritten, b [n, kSystems] becomes x; a singular system's x is not finite.
  void (*solve)(std::size_t n, double* a, double* b);
  // Independent fused multiply-adds at full register width; returns the number of floating-point operations
  // done. For the peak.
  double (*peak)(long iterations);
};

// The same with factors in pairs of bfloat16. Sums are made pair by pair in ascending order, with the same bits in any company; each
// instruction set adds the two products of a pair in its own way.
struct PairKernels {
  const char* unit;  // what multiplies: "AVX512_BF16", or the instruction set that takes each factor apart

  void (*product)(const Product<Bfloat16Pair>&);
  void (*outer_product)(const OuterProduct<Bfloat16Pair>&);
  // to[row][k] holds numbers 2k and 2k + 1 of the row; the last one may be alone, beside 0.
  void (*round_along)(const Rounding&);
  // to[p][k] holds number k of rows 2p and 2p + 1: rows of panels, whose pairs lie along k, and both sides of outer products.
  void (*round_across)(const Rounding&);
  double (*peak)(long iterations);
};

// The table in use. The first call picks the best instruction set that the processor has.
template <class T>
const Kernels<T>& kernels();
const PairKernels& pair_kernels();

// What the products of settling steps multiply: numbers as they are, or rounded to bfloat16.
enum class Factors { full, bfloat16 };
// By the name of a precision: "float32", "float64", "bfloat16".
inline Factors factors_of(std::string_view precision) {
  return precision == "bfloat16" ? Factors::bfloat16 : Factors::full;
}

// "auto", "reference" or the name of an instruction set, with "_BF16" where its unit for bfloat16 shall be used, which "auto" uses for such
// factors alone: nothing else depends on it. Throws Error with the available ones. Not safe while kernels run.
void use_kernels(std::string_view name, Factors factors = Factors::full);
// Every table that this processor can run, best first, "reference" last: for tests and benchmarks.
std::vector<std::string> available_kernels();
// Name of the table in use.
std::string kernels_in_use();
// True while the naive twins are in use. Code compiled per instruction set elsewhere (rules, optimizers)
// follows the table by itself, because use_kernels sets Highway's target, to the baseline for "reference".
bool reference_kernels();

}  // namespace apical
