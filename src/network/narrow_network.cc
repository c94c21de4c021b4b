#include "network/narrow_network.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/kernels.h"
#include "network/diagonal.h"
#include "network/linear_readout.h"
#include "network/multiply_rows.h"
#include "network/rows_to_panels.h"

namespace apical {

template <class T>
NarrowNetwork<T>::NarrowNetwork() = default;
template <class T>
NarrowNetwork<T>::~NarrowNetwork() = default;

template <class T>
bool NarrowNetwork<T>::serves(const Network<T>& network) {
  const std::size_t depth = network.depth();
  // from three quarters of the width on, what is saved at every step is less than the way there and back
  return LinearReadout<T>::serves(network) && 4 * network.units(depth - 1) <= 3 * network.units(depth) &&
         network.groups().size() == 1 && network.groups().front().wiring == Wiring::direct_feedback;
}

template <class T>
bool NarrowNetwork<T>::prepare(const Network<T>& network, Pool* pool) {
  const std::scoped_lock lock(mutex_);
  if (followed_) return fits_;
  followed_ = true;
  const WeightMatrix<T>& own = network.weights(network.groups().front().name, network.depth());
  fits_ = is_scaled_identity(own);
  if (!fits_) return false;
  own_ = own.get(0, 0);
  if (narrow_ == nullptr) make(network);
  follow(network, pool);
  return true;
}

template <class T>
void NarrowNetwork<T>::make(const Network<T>& network) {
  const WeightMatrix<T>& w = network.weights(network.depth());
  outputs_ = w.n_out();
  width_ = w.n_in() + (w.has_bias() ? 1 : 0);
  factored_weights_ = Buffer<T>(w.panels_size());
  factored_bias_ = Buffer<T>(w.bias_size());
  rows_ = Buffer<T>(outputs_ * row_stride<T>(width_));
  panels_ = Buffer<T>(panel_size<T>(outputs_, width_));
  transposed_ = Buffer<T>(width_ * row_stride<T>(outputs_));
  transposed_panels_ = Buffer<T>(panel_size<T>(width_, outputs_));
  NetworkSpec spec = network.spec();
  spec.units.back() = width_;
  std::vector<WeightGroup> groups = network.groups();
  // none of the initial values stay
  spec.initialiser = groups.front().initialiser = groups.front().output_initialiser = "zero";
  narrow_ = std::make_unique<Network<T>>(std::move(spec), std::move(groups), 0);
  std::size_t widest = 0;
  for (std::size_t i = 1; i < network.depth(); ++i)
    widest = std::max(widest, row_stride<T>(network.units(i)));
  product_ = Buffer<T>(width_ * widest);
  columns_ = std::make_unique<OrthonormalColumns>(outputs_, width_);
}

template <class T>
void NarrowNetwork<T>::follow(const Network<T>& network, Pool* pool) {
  const std::size_t depth = network.depth();
  if (output_moved(network.weights(depth))) find_basis(network.weights(depth));
  const std::string& group = network.groups().front().name;
  for (std::size_t i = 1; i < depth; ++i) {
    const WeightMatrix<T>& from = network.weights(i);
    WeightMatrix<T>& to = narrow_->weights(i);
    std::copy_n(from.panels(), from.panels_size(), to.panels());
    if (from.has_bias()) std::copy_n(from.bias(), from.bias_size(), to.bias());
    const WeightMatrix<T>& q = network.weights(group, i);
    multiply_rows(pool, transposed_.data(), width_, outputs_, q.panels(), q.n_out(), product_.data());
    rows_to_panels(product_.data(), q.n_out(), width_, narrow_->weights(group, i).panels());
  }
  for (std::size_t k = 0; k < width_; ++k) narrow_->weights(group, depth).set(k, k, own_);
}

template <class T>
bool NarrowNetwork<T>::output_moved(const WeightMatrix<T>& w) {
  const auto differs = [this](const T* now, Buffer<T>& kept) {
    if (kept.empty() || (factored_ && std::memcmp(now, kept.data(), kept.bytes()) == 0)) return false;
    std::copy_n(now, kept.size(), kept.data());
    return true;
  };
  const bool weights = differs(w.panels(), factored_weights_), bias = differs(w.bias(), factored_bias_);
  return weights || bias;
}

template <class T>
void NarrowNetwork<T>::find_basis(const WeightMatrix<T>& w) {
  factored_ = true;
  const std::size_t hidden = w.n_in();
  for (std::size_t out = 0; out < outputs_; ++out) {
    double* row = columns_->a() + out * columns_->stride();
    for (std::size_t k = 0; k < hidden; ++k) row[k] = w.get(out, k);
    if (w.has_bias()) row[hidden] = static_cast<double>(w.bias()[out]);
  }
  columns_->find();
  const std::size_t stride = row_stride<T>(width_), wide = row_stride<T>(outputs_);
  for (std::size_t out = 0; out < outputs_; ++out) {
    for (std::size_t k = 0; k < width_; ++k) {
      const auto value = static_cast<T>(columns_->u()[out * columns_->stride() + k]);
      rows_[out * stride + k] = value;
      transposed_[k * wide + out] = value;
    }
  }
  rows_to_panels(transposed_.data(), outputs_, width_, panels_.data());
  rows_to_panels(rows_.data(), width_, outputs_, transposed_panels_.data());
  WeightMatrix<T>& narrow = narrow_->weights(narrow_->depth());
  for (std::size_t row = 0; row < width_; ++row) {
    for (std::size_t k = 0; k < hidden; ++k) narrow.set(row, k, columns_->r(row, k));
    if (w.has_bias()) narrow.bias()[row] = static_cast<T>(columns_->r(row, hidden));
  }
}

template <class T>
std::size_t NarrowNetwork<T>::bytes() const {
  std::size_t sum = 0;
  for (const Buffer<T>* buffer :
       {&factored_weights_, &factored_bias_, &rows_, &panels_, &transposed_, &transposed_panels_, &product_})
    sum += buffer->bytes();
  if (narrow_ == nullptr) return sum;
  sum += columns_->bytes();
  for (const auto& [name, matrices] : narrow_->all_groups()) {
    for (const WeightMatrix<T>& w : matrices) sum += (w.panels_size() + w.bias_size()) * sizeof(T);
  }
  return sum;
}

template class NarrowNetwork<float>;
template class NarrowNetwork<double>;

}  // namespace apical
