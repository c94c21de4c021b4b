// One minibatch through a network and a rule: cut into tiles, tiles handed to threads, proposed weight changes summed in a fixed order, so that
// the result is the same bits for any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apical/card.h"
#include "apical/loss.h"
#include "apical/network.h"
#include "apical/rule.h"
#include "core/pool.h"
#include "network/batch_state.h"
#include "network/tile_delta.h"
#include "network/tile_state.h"

namespace apical {

// The weight changes of one group that a minibatch proposes: the descent direction, averaged over the minibatch.
template <class T>
struct GroupDelta {
  std::vector<Buffer<T>> weights;  // per layer−1, panels
  std::vector<Buffer<T>> bias;     // per layer−1, padded; empty without biases
};

// Takes a proposed update piece by piece, each while it is still in cache: elements begin … end−1 of one array of the group, as
// sums over the minibatch to be multiplied by `mean`. Arrays are numbered from the input on, the weights of a layer before its
// biases. Called from any thread, once per piece.
template <class T>
using DeltaSink =
    std::function<void(std::size_t array, std::size_t begin, std::size_t end, const T* sums, T mean)>;

// Where the samples of a minibatch come from.
template <class T>
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  // Writes rows first … first+rows−1 of the minibatch: inputs (batch.rate[0]), labels or targets, sample numbers. Called from any thread.
  virtual void fill(std::size_t first, std::size_t rows, BatchState<T>& batch) const = 0;
};

// Everything that distinguishes one run of a pass from another.
struct PassContext {
  std::string_view pass = "wake";
  std::string_view group = "forward";
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;                 // counts every epoch of every pass: no two use the same noise
  std::span<const std::string> also = {};  // further groups that learn in this pass
  bool quiet_output = false;               // of the pass, as its card says
  Factors factors = Factors::full;  // of the products of settling steps; bfloat16 in single precision only
  // By layer−1, 0 where the weights of the pass's own group stay as they are and nothing is proposed for them; empty: all learn.
  std::span<const std::uint8_t> learns = {};

  // What learns, the pass's own group first.
  template <class F>
  void for_each_group(F&& on_group) const {
    on_group(group);
    for (const std::string& other : also) on_group(std::string_view(other));
  }
};

template <class T>
class NarrowOutput;

// Bytes that a minibatch holds. Arenas and proposals reach their size with the first minibatch of each pass.
struct MinibatchMemory {
  std::size_t activities = 0;  // of every sample: inputs, voltages, rates, slopes, waiting outer products
  std::size_t arenas = 0;      // what moves while tiles settle, one per thread
  std::size_t proposals = 0;   // weight changes of tiles, of lanes and of the whole
};

template <class T>
class Minibatch {
 public:
  // Samples per tile: enough to reuse a weight, few enough that a settling tile stays in a core's cache. Twice as many where weights are
  // large; never depends on the machine.
  static constexpr std::size_t kTileRows = 16;
  static constexpr std::size_t kMostLanes = 16;

  // capacity: the largest minibatch. whole: one tile for the whole minibatch.
  Minibatch(const Network<T>& network, Loss loss, Pool& pool, std::size_t capacity, bool whole = false);
  ~Minibatch();

  // The feedforward pass alone: loss and correctness of each sample.
  void predict(std::size_t size, const SampleSource<T>& source);
  // Feedforward pass, then the rule settles, delivers credit and proposes weight changes for the pass's groups: assign_credit, then
  // propose.
  void assign(const BasicRule<T>& rule, const PassContext& context, std::size_t size,
              const SampleSource<T>& source);
  // The same up to what each sample has to say.
  void assign_credit(const BasicRule<T>& rule, const PassContext& context, std::size_t size,
                     const SampleSource<T>& source);
  // The sums over the samples, into delta().
  void propose();
  // The same numbers of one group, handed on and not kept: its delta is that of an earlier minibatch afterwards.
  void propose_to(std::string_view group, const DeltaSink<T>& sink);

  // What the last propose found for its pass's own group.
  const GroupDelta<T>& delta() const { return *delta_; }
  // Where the weight changes of a group appear; the addresses stay.
  const GroupDelta<T>& delta_of(std::string_view group) const { return deltas_.find(group)->second; }
  BatchState<T>& state() { return batch_; }
  const BatchState<T>& state() const { return batch_; }
  double mean_loss() const;  // over the minibatch, in row order
  std::size_t correct() const;
  std::size_t not_finite() const;  // samples whose loss is not finite
  MinibatchMemory memory() const;
  Marks marks() const;  // left by the verbs since the last reset_marks()
  void reset_marks();
  // Whether assign keeps the controlled state in which samples end (state().controlled_v), for probes.
  void keep_controlled(bool keep);

  // For comparison with published trajectories. Both are called from the threads that run tiles.
  void set_observer(Observer<T>* observer) { observer_ = observer; }
  void set_noise_port(NoisePort<T>* port) { noise_port_ = port; }

 private:
  struct Worker;

  template <class F>
  void for_each_tile(F&& on_tile);
  void begin_tile(Worker& worker, std::size_t tile);
  void take_in(const SampleSource<T>& source, bool training);
  void fill(const SampleSource<T>& source, std::size_t first, std::size_t rows);
  void feed_forward(std::size_t first, std::size_t rows, bool training);
  void keep_controlled_state(const TileState<T>& tile);
  void run_rule(Worker& worker, const BasicRule<T>& rule, const PassContext& context, std::size_t lane,
                bool first_of_lane);
  void collect(Worker& worker, TileDelta<T>& delta, const BasicRule<T>& rule, std::string_view group,
               std::size_t lane, bool first_of_lane);
  void level_storage(std::string_view group);
  std::size_t lanes() const;
  // Runs the rule on a network with fewer outputs, where that comes to the same; false where it does not.
  bool assign_narrow(const BasicRule<T>& rule, const PassContext& context);

  // A part of one array of a group, small enough to share out evenly and to stay in the first cache, large enough to keep the
  // kernel busy.
  struct Piece {
    std::size_t array, layer;             // array as a DeltaSink counts; layer−1
    std::size_t panel, first_k, k_count;  // of the weights; k_count 0: the biases
    std::size_t begin, count;             // elements of the array
  };
  static std::vector<Piece> pieces_of(const std::vector<WeightMatrix<T>>& matrices);
  template <class F>
  void for_each_piece(std::string_view group, F&& on_piece);
  void sum_piece(std::string_view group, const Piece& piece, T* out, bool moves_weights) const;

  const Network<T>& network_;
  Loss loss_;
  Pool& pool_;
  BatchState<T> batch_;
  std::size_t tile_rows_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::map<std::string, StepSums<T>, std::less<>>> lane_sums_;
  std::map<std::string, GroupDelta<T>, std::less<>> deltas_;
  std::map<std::string, std::vector<Piece>, std::less<>> pieces_;
  std::vector<Buffer<T>> piece_sums_;     // per thread, for propose_to
  std::vector<std::string_view> groups_;  // of the last assign_credit
  LearningLayers learning_;               // the same
  GroupDelta<T>* delta_ = nullptr;
  std::unique_ptr<NarrowOutput<T>> narrow_;  // made by the first pass that it serves
  Observer<T>* observer_ = nullptr;
  NoisePort<T>* noise_port_ = nullptr;
};

extern template class Minibatch<float>;
extern template class Minibatch<double>;

}  // namespace apical
