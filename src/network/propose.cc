// How a minibatch sums what its tiles have to say, in a fixed order: outer products over all rows, then the lanes of the rules that
// learn while they settle. A piece of the sum is made in the first cache, and may be used there before the next one is begun.
#include <algorithm>
#include <cstring>

#include "core/profile.h"
#include "kernels/kernels.h"
#include "network/minibatch.h"

namespace apical {
namespace {

constexpr std::size_t kPieceRows = 128;  // presynaptic units of a piece at most
constexpr std::size_t kWholeBlocks =
    16;  // and they are cut at a multiple of this, so that the kernel runs in whole blocks

}  // namespace

template <class T>
std::vector<typename Minibatch<T>::Piece> Minibatch<T>::pieces_of(
    const std::vector<WeightMatrix<T>>& matrices) {
  std::vector<Piece> pieces;
  std::size_t array = 0;
  for (std::size_t layer = 0; layer < matrices.size(); ++layer) {
    const auto& matrix = matrices[layer];
    const std::size_t n_in = matrix.n_in(), cuts = (n_in + kPieceRows - 1) / kPieceRows;
    const std::size_t rows = (n_in + cuts * kWholeBlocks - 1) / (cuts * kWholeBlocks) * kWholeBlocks;
    // all panels meet the same presynaptic rates while these are near
    for (std::size_t k = 0; k < n_in; k += rows) {
      const std::size_t k_count = std::min(rows, n_in - k);
      for (std::size_t panel = 0; panel < panel_count<T>(matrix.n_out()); ++panel) {
        const std::size_t width = std::min(kPanel<T>, padded<T>(matrix.n_out()) - panel * kPanel<T>);
        pieces.push_back(
            {array, layer, panel, k, k_count, panel * kPanel<T> * n_in + k * width, k_count * width});
      }
    }
    ++array;
    if (matrix.has_bias()) pieces.push_back({array++, layer, 0, 0, 0, 0, matrix.bias_size()});
  }
  return pieces;
}

template <class T>
template <class F>
void Minibatch<T>::for_each_piece(std::string_view group, F&& on_piece) {
  const std::vector<Piece>& pieces = pieces_.find(group)->second;
  pool_.run(static_cast<std::uint32_t>(pieces.size()),
            [&](std::uint32_t job, unsigned thread) { on_piece(pieces[job], thread); });
}

template <class T>
void Minibatch<T>::propose() {
  delta_ = &deltas_.find(groups_.front())->second;
  const T mean = T(1) / static_cast<T>(batch_.size);
  for (const std::string_view group : groups_) {
    GroupDelta<T>& delta = deltas_.find(group)->second;
    for_each_piece(group, [&](const Piece& piece, unsigned) {
      T* out = (piece.k_count > 0 ? delta.weights : delta.bias)[piece.layer].data() + piece.begin;
      sum_piece(group, piece, out, false);
      kernels<T>().scale(mean, out, piece.count);
    });
  }
}

template <class T>
void Minibatch<T>::propose_to(std::string_view group, const DeltaSink<T>& sink) {
  const T mean = T(1) / static_cast<T>(batch_.size);
  for_each_piece(group, [&](const Piece& piece, unsigned thread) {
    T* out = piece_sums_[thread].data();
    sum_piece(group, piece, out, true);
    sink(piece.array, piece.begin, piece.begin + piece.count, out, mean);
  });
}

template <class T>
void Minibatch<T>::sum_piece(std::string_view group, const Piece& piece, T* out, bool moves_weights) const {
  const profile::PhaseScope scope(profile::Phase::update);
  const auto& k = kernels<T>();
  const bool weights = piece.k_count > 0;
  const auto& matrix = network_.group(group)[piece.layer];
  const std::size_t n_out = matrix.n_out(), stride = row_stride<T>(n_out);
  const T* companion = moves_weights ? matrix.panels() + piece.begin : nullptr;
  bool empty = true;
  const auto begin = [&] {
    if (empty) std::memset(out, 0, piece.count * sizeof(T));
    empty = false;
  };
  for (const auto& term : batch_.deferred.find(group)->second[piece.layer]->terms) {
    if (!term.used.load(std::memory_order_relaxed)) continue;
    if (weights) {
      // the piece is a matrix of its own: a panel, or the units that the last one has
      const std::size_t units = std::min(kPanel<T>, n_out - piece.panel * kPanel<T>);
      const T* pre = (term.resident != nullptr ? term.resident : term.pre.data()) + piece.first_k;
      k.outer_product({term.post.data() + piece.panel * kPanel<T>, stride, pre, term.pre_stride, batch_.size,
                       out, units, piece.k_count, 0, 1, 0, piece.k_count, empty ? Start::zero : Start::keep,
                       companion});
      empty = false;
    } else {
      begin();
      k.column_sums(term.post.data(), stride, batch_.size, n_out, out);
    }
  }
  for (std::size_t lane = 0; lane < lanes(); ++lane) {
    const StepSums<T>& sums = lane_sums_[lane].find(group)->second;
    if (!sums.learned || !learning_(group, piece.layer + 1)) continue;
    const Buffer<T>& array = (weights ? sums.weights : sums.bias)[piece.layer];
    if (array.empty()) continue;
    begin();
    k.add_scaled(T(1), array.data() + piece.begin, out, piece.count);
  }
  begin();
}

template std::vector<Minibatch<float>::Piece> Minibatch<float>::pieces_of(
    const std::vector<WeightMatrix<float>>&);
template void Minibatch<float>::propose();
template void Minibatch<float>::propose_to(std::string_view, const DeltaSink<float>&);
template void Minibatch<float>::sum_piece(std::string_view, const Piece&, float*, bool) const;
template std::vector<Minibatch<double>::Piece> Minibatch<double>::pieces_of(
    const std::vector<WeightMatrix<double>>&);
template void Minibatch<double>::propose();
template void Minibatch<double>::propose_to(std::string_view, const DeltaSink<double>&);
template void Minibatch<double>::sum_piece(std::string_view, const Piece&, double*, bool) const;

}  // namespace apical
