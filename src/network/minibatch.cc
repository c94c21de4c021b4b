#include "network/minibatch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "apical/error.h"
#include "core/philox.h"
#include "core/profile.h"
#include "kernels/kernels.h"
#include "network/narrow_output.h"
#include "network/system_solver.h"
#include "network/tile_view.h"

namespace apical {

template <class T>
struct Minibatch<T>::Worker {
  Arena<T> arena;
  SystemSolver solver;
  TileState<T> tile;
  std::map<std::string, StepSums<T>, std::less<>> sums;
  Marks marks;
};

namespace {

using profile::Phase;
using profile::PhaseScope;

// Bytes of weights above the first layer and of direct feedback beyond which tiles are larger.
constexpr std::size_t kManyWeights = 1 << 20;
// Samples of a tile times states whose outer products are multiplied together: enough rows for the kernel, few enough to stay in cache.
constexpr std::size_t kCollectedRows = 128;

template <class T>
GroupDelta<T> delta_for(const std::vector<WeightMatrix<T>>& matrices) {
  GroupDelta<T> delta;
  for (const auto& matrix : matrices) {
    delta.weights.emplace_back(matrix.panels_size());
    delta.bias.emplace_back(matrix.bias_size());
  }
  return delta;
}

// Where the weights that every settling step reads are large beside the second cache, twice as many rows pass by each; not in a minibatch
// that would be left with fewer than four tiles. Depends on nothing else.
template <class T>
std::size_t rows_of_tiles(const Network<T>& network, std::size_t capacity) {
  std::size_t bytes = 0;
  for (const auto& w : network.group("forward")) {
    if (w.layer() > 1) bytes += w.panels_size() * sizeof(T);
  }
  for (const WeightGroup& group : network.groups()) {
    if (group.wiring != Wiring::direct_feedback) continue;
    for (const auto& q : network.group(group.name)) bytes += q.panels_size() * sizeof(T);
  }
  const std::size_t rows = Minibatch<T>::kTileRows;
  return bytes > kManyWeights && capacity >= 8 * rows ? 2 * rows : rows;
}

std::uint32_t stream_of(std::string_view pass) {
  std::uint32_t hash = 0x811C9DC5u;  // FNV-1a
  for (const char c : pass) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return hash;
}

}  // namespace

template <class T>
Minibatch<T>::Minibatch(const Network<T>& network, Loss loss, Pool& pool, std::size_t capacity, bool whole)
    : network_(network),
      loss_(loss),
      pool_(pool),
      batch_(network, capacity),
      tile_rows_(whole ? capacity : rows_of_tiles(network, capacity)) {
  batch_.loss_kind = loss;
  for (unsigned thread = 0; thread < pool.threads(); ++thread) {
    auto& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.tile.batch = &batch_;
    worker.tile.arena = &worker.arena;
    worker.tile.solver = &worker.solver;
    worker.tile.delta.reserve(network.depth() + 1);
    worker.tile.layer.reserve(network.depth() + 1);
    worker.tile.euler.reserve(network.depth() + 1);
    worker.tile.record.reserve(tile_rows_);
    for (const auto& [group, matrices] : network.all_groups()) worker.sums[group];
  }
  lane_sums_.resize(kMostLanes);
  for (const auto& [group, matrices] : network.all_groups()) {
    for (auto& lane : lane_sums_) lane[group];
    deltas_.emplace(group, delta_for(matrices));
    pieces_.emplace(group, pieces_of(matrices));
  }
  std::size_t largest = 0;
  for (const auto& [group, pieces] : pieces_) {
    for (const Piece& piece : pieces) largest = std::max(largest, piece.count);
  }
  for (unsigned thread = 0; thread < pool.threads(); ++thread) piece_sums_.emplace_back(largest);
}

template <class T>
Minibatch<T>::~Minibatch() = default;

template <class T>
std::size_t Minibatch<T>::lanes() const {
  return std::min(kMostLanes, (batch_.size + tile_rows_ - 1) / tile_rows_);
}

// A lane is a fixed set of tiles, worked off in order by whichever thread takes it.
template <class T>
template <class F>
void Minibatch<T>::for_each_tile(F&& on_tile) {
  const std::size_t tiles = (batch_.size + tile_rows_ - 1) / tile_rows_, stride = lanes();
  pool_.run(static_cast<std::uint32_t>(stride), [&](std::uint32_t lane, unsigned thread) {
    for (std::size_t tile = lane; tile < tiles; tile += stride) {
      begin_tile(*workers_[thread], tile);
      on_tile(*workers_[thread], lane, tile == lane);
    }
  });
}

template <class T>
void Minibatch<T>::begin_tile(Worker& worker, std::size_t tile) {
  worker.arena.reset();
  TileState<T>& state = worker.tile;
  state.first_row = tile * tile_rows_;
  state.rows = std::min(tile_rows_, batch_.size - state.first_row);
  state.observer = observer_;
  state.noise_port = noise_port_;
  state.learning = learning_;
  state.delta.assign(network_.depth() + 1, Activity<T>{});
  state.target_deviation = nullptr;
  state.left_out = nullptr;
  state.clamped_output = nullptr;
  state.slow_control = state.fast_control = nullptr;
  state.controlled = false;
  state.collected_states = std::max<std::size_t>(2, kCollectedRows / tile_rows_);  // one before, one now
}

template <class T>
void Minibatch<T>::assign(const BasicRule<T>& rule, const PassContext& context, std::size_t size,
                          const SampleSource<T>& source) {
  assign_credit(rule, context, size, source);
  propose();
}

template <class T>
void Minibatch<T>::assign_credit(const BasicRule<T>& rule, const PassContext& context, std::size_t size,
                                 const SampleSource<T>& source) {
  batch_.size = size;
  batch_.readout.forget();
  batch_.narrow.forget();
  batch_.rounded.forget();
  batch_.factors = context.factors;
  batch_.dynamics.reset();
  groups_.clear();
  context.for_each_group([&](std::string_view group) { groups_.push_back(deltas_.find(group)->first); });
  learning_ = {groups_.front(), context.learns};
  std::fill(batch_.controlled.begin(), batch_.controlled.end(), std::uint8_t{0});
  std::fill(batch_.settled.begin(), batch_.settled.begin() + static_cast<std::ptrdiff_t>(size), Settled{});
  for (const std::string_view group : groups_) {
    for (auto& terms : batch_.deferred.find(group)->second) {
      for (auto& term : terms->terms) term.used.store(false, std::memory_order_relaxed);
    }
    for (auto& lane : lane_sums_) lane.find(group)->second.learned = false;
  }
  take_in(source, true);
  if (!context.quiet_output || !assign_narrow(rule, context)) {
    for_each_tile([&](Worker& worker, std::size_t lane, bool first_of_lane) {
      run_rule(worker, rule, context, lane, first_of_lane);
    });
  }
  // a solved state has a control too, but it did not take time
  batch_.has_settled =
      std::any_of(batch_.settled.begin(), batch_.settled.begin() + static_cast<std::ptrdiff_t>(size),
                  [](const Settled& settled) { return settled.time > 0; });
  for (const std::string_view group : groups_) level_storage(group);
}

template <class T>
bool Minibatch<T>::assign_narrow(const BasicRule<T>& rule, const PassContext& context) {
  // who watches, or brings the noise, does so neuron by neuron
  if (observer_ != nullptr || noise_port_ != nullptr || !NarrowNetwork<T>::serves(network_)) return false;
  if (!batch_.narrow.prepare(network_, &pool_)) return false;
  if (narrow_ == nullptr)
    narrow_ = std::make_unique<NarrowOutput<T>>(network_, batch_.narrow, pool_, batch_.capacity);
  narrow_->assign(rule, context, batch_);
  narrow_->sums_to(learning_, lane_sums_.front().find(groups_.front())->second);
  return true;
}

// A thread that comes late to its first tile finds as much memory as the others have needed: nothing is allocated after the first
// minibatch of a pass, whichever thread takes which tile.
template <class T>
void Minibatch<T>::level_storage(std::string_view group) {
  std::size_t most = 0, unknowns = 0;
  bool stepped = false;
  for (auto& worker : workers_) {
    worker->arena.reset();
    most = std::max(most, worker->arena.capacity());
    unknowns = std::max(unknowns, worker->solver.unknowns());
    stepped = stepped || worker->sums.find(group)->second.used;
  }
  for (auto& worker : workers_) {
    worker->arena.reserve(most);
    worker->solver.reserve(unknowns);
    if (stepped) worker->sums.find(group)->second.prepare(network_, group, learning_);
  }
}

template <class T>
void Minibatch<T>::keep_controlled(bool keep) {
  batch_.controlled_v.clear();
  if (!keep) return;
  batch_.controlled.assign(batch_.capacity, 0);
  batch_.controlled_v.resize(network_.depth() + 1);
  for (std::size_t i = 1; i <= network_.depth(); ++i) batch_.controlled_v[i] = Buffer<T>(batch_.v[i].size());
}

template <class T>
void Minibatch<T>::keep_controlled_state(const TileState<T>& tile) {
  for (std::size_t i = 1; i <= network_.depth(); ++i) {
    const std::size_t stride = tile.layer[i].stride;
    std::copy_n(tile.layer[i].v, tile.rows * stride, batch_.controlled_v[i].data() + tile.first_row * stride);
  }
  std::fill_n(batch_.controlled.begin() + static_cast<std::ptrdiff_t>(tile.first_row), tile.rows,
              std::uint8_t{1});
}

template <class T>
void Minibatch<T>::run_rule(Worker& worker, const BasicRule<T>& rule, const PassContext& context,
                            std::size_t lane, bool first_of_lane) {
  TileState<T>& tile = worker.tile;
  tile.pass = context.pass;
  tile.noise_key = {context.seed, stream_of(context.pass), context.epoch};
  tile.marks = Marks();
  TileDelta<T> delta(network_, tile, worker.sums);
  BasicTrial<T> trial(network_, tile, rule, delta);
  {
    const PhaseScope scope(Phase::credit);
    rule.assign(trial);
  }
  worker.marks.add(tile.marks);
  if (tile.controlled && !batch_.controlled_v.empty()) keep_controlled_state(tile);
  for (const std::string_view group : groups_) collect(worker, delta, rule, group, lane, first_of_lane);
}

// The tile's sums over time join its lane, or the rule proposes now that the tile is done.
template <class T>
void Minibatch<T>::collect(Worker& worker, TileDelta<T>& delta, const BasicRule<T>& rule,
                           std::string_view group, std::size_t lane, bool first_of_lane) {
  if (delta.learned_in_steps(group)) {
    const PhaseScope scope(Phase::update);
    StepSums<T>& sums = worker.sums.find(group)->second;
    StepSums<T>& lane_sums = lane_sums_[lane].find(group)->second;
    lane_sums.prepare(network_, group, learning_);
    if (first_of_lane) {
      std::swap(lane_sums, sums);
    } else {
      for (std::size_t i = 0; i < sums.weights.size(); ++i) {
        if (!learning_(group, i + 1)) continue;
        kernels<T>().add_scaled(T(1), sums.weights[i].data(), lane_sums.weights[i].data(),
                                sums.weights[i].size());
        kernels<T>().add_scaled(T(1), sums.bias[i].data(), lane_sums.bias[i].data(), sums.bias[i].size());
      }
    }
    lane_sums.learned = true;
    return;
  }
  const PhaseScope scope(Phase::plasticity);
  for (const auto& matrix : network_.group(group)) {
    if (!learning_(group, matrix.layer())) continue;
    delta.begin_layer(group, matrix.layer(), network_.spec().activation_of(matrix.layer()));
    rule.plasticity(group, synapses_of(worker.tile, network_, matrix.layer()), delta);
  }
}

template <class T>
double Minibatch<T>::mean_loss() const {
  double sum = 0;
  for (std::size_t row = 0; row < batch_.size; ++row) sum += batch_.loss[row];
  return sum / static_cast<double>(batch_.size);
}

template <class T>
std::size_t Minibatch<T>::correct() const {
  return static_cast<std::size_t>(std::count(
      batch_.correct.begin(), batch_.correct.begin() + static_cast<std::ptrdiff_t>(batch_.size), 1));
}

template <class T>
std::size_t Minibatch<T>::not_finite() const {
  std::size_t count = 0;
  for (std::size_t row = 0; row < batch_.size; ++row) count += !std::isfinite(batch_.loss[row]);
  return count;
}

template <class T>
MinibatchMemory Minibatch<T>::memory() const {
  MinibatchMemory memory{.activities = batch_.bytes()};
  for (const auto& worker : workers_) {
    memory.arenas += worker->arena.bytes() + worker->solver.bytes();
    for (const auto& [group, sums] : worker->sums) memory.proposals += sums.bytes();
  }
  for (const auto& lane : lane_sums_) {
    for (const auto& [group, sums] : lane) memory.proposals += sums.bytes();
  }
  for (const auto& [group, delta] : deltas_) {
    memory.proposals += total_bytes(delta.weights) + total_bytes(delta.bias);
  }
  memory.proposals += total_bytes(piece_sums_);
  if (narrow_ != nullptr) {
    const MinibatchMemory narrow = narrow_->memory();
    memory.activities += narrow.activities;
    memory.arenas += narrow.arenas;
    memory.proposals += narrow.proposals;
  }
  return memory;
}

template <class T>
Marks Minibatch<T>::marks() const {
  Marks marks;
  for (const auto& worker : workers_) marks.add(worker->marks);
  if (narrow_ != nullptr) marks.add(narrow_->marks());
  return marks;
}

template <class T>
void Minibatch<T>::reset_marks() {
  for (auto& worker : workers_) worker->marks = Marks();
  if (narrow_ != nullptr) narrow_->reset_marks();
}

template class Minibatch<float>;
template class Minibatch<double>;

}  // namespace apical
