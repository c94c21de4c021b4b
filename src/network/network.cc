#include "apical/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apical/error.h"
#include "core/buffer.h"
#include "kernels/kernels.h"
#include "network/initialiser.h"
#include "network/matrix.h"

namespace apical {

void NetworkSpec::validate(const std::string& where) const {
  if (units.size() < 2) {
    throw Error(where,
                fmt::format("a network needs an input and at least one layer, got {} sizes.", units.size()),
                "Write for example layers = [784, 256, 10].");
  }
  if (activations.size() != depth()) {
    throw Error(where,
                fmt::format("{} layers need as many activations, got {}.", depth(), activations.size()));
  }
  for (std::size_t layer = 0; layer < units.size(); ++layer) {
    if (units[layer] == 0)
      throw Error(where, fmt::format("layer {} has no units; every layer needs at least 1.", layer));
  }
}

template <class T>
struct WeightMatrix<T>::Storage {
  Buffer<T> panels, bias, transposed;
};

template <class T>
WeightMatrix<T>::WeightMatrix(std::string name, std::size_t layer, std::size_t n_out, std::size_t n_in,
                              bool biases)
    : name_(std::move(name)),
      layer_(layer),
      n_out_(n_out),
      n_in_(n_in),
      biases_(biases),
      storage_(std::make_unique<Storage>()) {
  storage_->panels = Buffer<T>(panel_size<T>(n_out, n_in));
  if (biases) storage_->bias = Buffer<T>(padded<T>(n_out));
}

template <class T>
WeightMatrix<T>::WeightMatrix(WeightMatrix&&) noexcept = default;
template <class T>
WeightMatrix<T>& WeightMatrix<T>::operator=(WeightMatrix&&) noexcept = default;
template <class T>
WeightMatrix<T>::~WeightMatrix() = default;

template <class T>
T* WeightMatrix<T>::panels() {
  return storage_->panels.data();
}
template <class T>
const T* WeightMatrix<T>::panels() const {
  return storage_->panels.data();
}
template <class T>
std::size_t WeightMatrix<T>::panels_size() const {
  return storage_->panels.size();
}
template <class T>
T* WeightMatrix<T>::bias() {
  return storage_->bias.data();
}
template <class T>
const T* WeightMatrix<T>::bias() const {
  return storage_->bias.data();
}
template <class T>
std::size_t WeightMatrix<T>::bias_size() const {
  return storage_->bias.size();
}

template <class T>
double WeightMatrix<T>::get(std::size_t out, std::size_t in) const {
  return static_cast<double>(storage_->panels[panel_index<T>(n_out_, n_in_, out, in)]);
}
template <class T>
void WeightMatrix<T>::set(std::size_t out, std::size_t in, double value) {
  storage_->panels[panel_index<T>(n_out_, n_in_, out, in)] = static_cast<T>(value);
}

template <class T>
std::vector<double> WeightMatrix<T>::values() const {
  std::vector<double> row_major(n_out_ * n_in_);
  for (std::size_t out = 0; out < n_out_; ++out) {
    for (std::size_t in = 0; in < n_in_; ++in) row_major[out * n_in_ + in] = get(out, in);
  }
  return row_major;
}

template <class T>
void WeightMatrix<T>::set_values(std::span<const double> row_major) {
  if (row_major.size() != n_out_ * n_in_) {
    throw InternalError(
        fmt::format("{}: {} values for a matrix of {} × {}", name_, row_major.size(), n_out_, n_in_));
  }
  for (std::size_t out = 0; out < n_out_; ++out) {
    for (std::size_t in = 0; in < n_in_; ++in) set(out, in, row_major[out * n_in_ + in]);
  }
}

template <class T>
std::vector<double> WeightMatrix<T>::bias_values() const {
  return biases_ ? std::vector<double>(bias(), bias() + n_out_) : std::vector<double>();
}

template <class T>
void WeightMatrix<T>::set_bias_values(std::span<const double> values) {
  if (values.size() != (biases_ ? n_out_ : 0)) {
    throw InternalError(fmt::format("{}: {} bias values for {} units", name_, values.size(), n_out_));
  }
  for (std::size_t out = 0; out < values.size(); ++out) bias()[out] = static_cast<T>(values[out]);
}

template <class T>
const T* WeightMatrix<T>::transposed() const {
  if (storage_->transposed.empty()) throw InternalError(name_ + ": no transposed copy was made");
  return storage_->transposed.data();
}

template <class T>
std::size_t WeightMatrix<T>::transposed_size() const {
  return storage_->transposed.size();
}

template <class T>
void WeightMatrix<T>::refresh_transpose() {
  if (storage_->transposed.empty()) storage_->transposed = Buffer<T>(panel_size<T>(n_in_, n_out_));
  kernels<T>().transpose_panels({panels(), n_out_, n_in_, storage_->transposed.data()});
}

template <class T>
void WeightMatrix<T>::refresh_transpose(std::size_t begin, std::size_t end) {
  const std::size_t panel = begin / (kPanel<T> * n_in_), first = panel * kPanel<T>;
  const std::size_t width = std::min(kPanel<T>, padded<T>(n_out_) - first);
  kernels<T>().transpose_panels({panels(), n_out_, n_in_, storage_->transposed.data(), panel, 1,
                                 (begin - first * n_in_) / width, (end - begin) / width});
}

namespace {

// Q_i = W_{i+1}ᵀ … W_Lᵀ [n_i, n_L]: the feedback that a linear network's backprop would use.
template <class T>
std::vector<double> weight_product(const Network<T>& network, std::size_t layer) {
  const std::size_t depth = network.depth();
  const auto n_out = static_cast<Eigen::Index>(network.units(depth));
  RowMajor product = RowMajor::Identity(n_out, n_out);
  for (std::size_t i = depth; i > layer; --i) {
    const auto& w = network.weights(i);
    product = (as_matrix(w).transpose() * product).eval();
  }
  return {product.data(), product.data() + product.size()};
}

}  // namespace

template <class T>
Network<T>::Network(NetworkSpec spec, std::vector<WeightGroup> groups, std::uint64_t seed)
    : spec_(std::move(spec)), groups_(std::move(groups)) {
  spec_.validate("network");
  const std::size_t depth = spec_.depth();
  auto& forward = matrices_["forward"];
  for (std::size_t i = 1; i <= depth; ++i) {
    const std::string name = fmt::format("W{}", i);
    auto& w = forward.emplace_back(name, i, units(i), units(i - 1), spec_.biases);
    w.set_values(initial_weights(spec_.initialiser, w.n_out(), w.n_in(), spec_.gain, seed, name,
                                 "network.initialiser"));
  }
  for (const WeightGroup& group : groups_) {
    auto& matrices = matrices_[group.name];
    const bool to_output = group.wiring == Wiring::forward || group.wiring == Wiring::direct_feedback;
    for (std::size_t i = 1; i <= (to_output ? depth : depth - 1); ++i) {
      const std::size_t n_in = group.wiring == Wiring::forward          ? units(i - 1)
                               : group.wiring == Wiring::backward_chain ? units(i + 1)
                                                                        : units(depth);
      const std::string name = fmt::format("{}{}", group.name, i);
      auto& matrix = matrices.emplace_back(name, i, units(i), n_in, false);
      const bool special = i == depth && !group.output_initialiser.empty();
      const std::string& initialiser = special ? group.output_initialiser : group.initialiser;
      matrix.set_values(
          initialiser == "weight-product"
              ? weight_product(*this, i)
              : initial_weights(initialiser, matrix.n_out(), n_in, 1.0, seed, name, group.name + " weights"));
    }
  }
}

template <class T>
WeightMatrix<T>& Network<T>::weights(std::string_view group, std::size_t layer) {
  return const_cast<WeightMatrix<T>&>(std::as_const(*this).weights(group, layer));
}

template <class T>
const WeightMatrix<T>& Network<T>::weights(std::string_view group, std::size_t layer) const {
  const auto& matrices = this->group(group);
  if (layer < 1 || layer > matrices.size())
    throw InternalError(fmt::format("group {} has no matrix for layer {}", group, layer));
  return matrices[layer - 1];
}

template <class T>
std::vector<WeightMatrix<T>>& Network<T>::group(std::string_view name) {
  return const_cast<std::vector<WeightMatrix<T>>&>(std::as_const(*this).group(name));
}

template <class T>
const std::vector<WeightMatrix<T>>& Network<T>::group(std::string_view name) const {
  const auto found = matrices_.find(name);
  if (found == matrices_.end()) throw InternalError(fmt::format("the network has no group '{}'", name));
  return found->second;
}

template <class T>
void Network<T>::refresh_transposes() {
  for (auto& w : group("forward")) {
    if (w.layer() > 1) w.refresh_transpose();
  }
}

template class WeightMatrix<float>;
template class WeightMatrix<double>;
template class Network<float>;
template class Network<double>;

}  // namespace apical
