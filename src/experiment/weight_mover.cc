#include "experiment/weight_mover.h"

#include <algorithm>
#include <array>

#include "apical/error.h"
#include "core/profile.h"
#include "experiment/network_checkpoint.h"

namespace apical {
namespace {

// Elements of an optimizer's tensor that one job moves.
constexpr std::size_t kPiece = 16384;

template <class T>
std::size_t moments_of(const Optimizer<T>& optimizer) {
  std::size_t numbers = 0;
  for (const auto& state : const_cast<Optimizer<T>&>(optimizer).state()) numbers += state.count;
  return numbers * sizeof(T);
}

std::string group_of(const Plan& plan, const std::string& section) {
  for (const Pass& pass : plan.card.passes) {
    for (const auto& [group, optimizer] : pass.moved()) {
      if (optimizer == section) return group;
    }
  }
  throw InternalError("no pass uses the optimizer " + section);
}

}  // namespace

template <class T>
WeightMover<T>::WeightMover(const Plan& plan, Network<T>& network, Minibatch<T>& minibatch, Pool& pool)
    : plan_(plan),
      network_(network),
      minibatch_(minibatch),
      pool_(pool),
      transports_(plan.card.marks.has(Mark::weight_transport)),
      transposed_(network),
      mover_([this](std::size_t array, std::size_t begin, std::size_t end, const T* sums, T mean) {
        const profile::PhaseScope scope(profile::Phase::optimizer);
        moving_->apply(array, begin, end, sums, mean);
        if (following_) transposed_.refresh(array, begin, end);
      }) {
  for (const auto& [section, settings] : plan.optimizers)
    optimizers_.emplace(section, Optimizer<T>(settings, tensors_of(group_of(plan, section))));
}

template <class T>
void WeightMover<T>::begin(const Pass& pass) {
  moved_ = pass.moved();
  learns_.clear();
  for (const double rate : optimizers_.at(moved_.front().optimizer).settings().layer_rates)
    learns_.push_back(rate > 0);
}

template <class T>
bool WeightMover<T>::clips() const {
  return std::any_of(moved_.begin(), moved_.end(),
                     [&](const Pass::Moved& m) { return optimizers_.at(m.optimizer).clips(); });
}

template <class T>
void WeightMover<T>::move_piece_by_piece(double epoch) {
  for (const Pass::Moved& moved : moved_) {
    prepare(moved, epoch);
    following_ = transports_ && moved.group == "forward";
    minibatch_.propose_to(moved.group, mover_);
  }
}

template <class T>
void WeightMover<T>::move_proposed(double epoch) {
  for (const Pass::Moved& moved : moved_) {
    prepare(moved, epoch);
    move_pieces();
  }
  if (!transports_ || moved_.front().group != "forward") return;
  const profile::PhaseScope scope(profile::Phase::optimizer);
  refresh_transposes(network_, pool_);
}

template <class T>
void WeightMover<T>::prepare(const Pass::Moved& moved, double epoch) {
  moving_ = &optimizers_.at(moved.optimizer);
  const auto epochs = static_cast<double>(plan_.recipe.training.epochs);
  moving_->prepare(schedule_factor(moving_->settings(), epoch, epochs));
}

template <class T>
void WeightMover<T>::move_pieces() {
  pieces_.clear();
  for (std::size_t tensor = 0; tensor < moving_->tensors().size(); ++tensor) {
    const std::size_t count = moving_->tensors()[tensor].count;
    for (std::size_t begin = 0; begin < count; begin += kPiece)
      pieces_.push_back({tensor, begin, std::min(begin + kPiece, count)});
  }
  pool_.run(static_cast<std::uint32_t>(pieces_.size()), [&](std::uint32_t job, unsigned) {
    const profile::PhaseScope scope(profile::Phase::optimizer);
    moving_->apply(pieces_[job].tensor, pieces_[job].begin, pieces_[job].end);
  });
}

template <class T>
std::vector<Tensor<T>> WeightMover<T>::tensors_of(const std::string& group) {
  const GroupDelta<T>& delta = minibatch_.delta_of(group);
  std::vector<Tensor<T>> tensors;
  auto& matrices = network_.group(group);
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    auto& w = matrices[i];
    const int layer = static_cast<int>(w.layer()) - 1;
    tensors.push_back({w.name(), w.panels(), delta.weights[i].data(), w.panels_size(), layer});
    if (w.has_bias()) tensors.push_back({bias_name(w), w.bias(), delta.bias[i].data(), w.bias_size(), layer});
  }
  return tensors;
}

template <class T>
std::size_t WeightMover<T>::bytes() const {
  std::size_t bytes = 0;
  for (const auto& [section, optimizer] : optimizers_) bytes += moments_of(optimizer);
  return bytes;
}

template <class T>
std::size_t WeightMover<T>::bytes_in_pass() const {
  std::size_t bytes = 0;
  for (const Pass::Moved& moved : moved_) bytes += moments_of(optimizers_.at(moved.optimizer));
  return bytes;
}

template <class T>
void WeightMover<T>::save(Checkpoint& checkpoint) const {
  for (const auto& [section, optimizer] : optimizers_) {
    auto& memory = const_cast<Optimizer<T>&>(optimizer);
    for (const auto& state : memory.state()) {
      checkpoint.add(NamedTensor::of<T>("optimizer/" + section + "/" + state.name, {state.count},
                                        {state.values, state.count}));
    }
    checkpoint.set_whole("optimizer/" + section + "/steps", optimizer.steps());
  }
}

template <class T>
void WeightMover<T>::load(const Checkpoint& checkpoint) {
  for (auto& [section, optimizer] : optimizers_) {
    for (const auto& state : optimizer.state()) {
      const auto& saved = checkpoint.require_tensor("optimizer/" + section + "/" + state.name, dtype_of<T>(),
                                                    std::array{state.count});
      const auto values = saved.template as<T>();
      std::copy(values.begin(), values.end(), state.values);
    }
    optimizer.set_steps(checkpoint.require_whole("optimizer/" + section + "/steps"));
  }
}

template class WeightMover<float>;
template class WeightMover<double>;

}  // namespace apical
