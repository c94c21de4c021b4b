// Layers of neurons and the named groups of weights between them. Constant during a trial.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apical/activation.h"
#include "apical/card.h"

namespace apical {

// What a network is built from. units[0] is the input; layers 1 … L are units[1] … units[L].
struct NetworkSpec {
  std::vector<std::size_t> units;
  std::vector<Activation> activations;        // of layers 1 … L
  std::string initialiser = "xavier-normal";  // forward weights
  double gain = 1.0;                          // factor on the initial forward weights
  bool biases = true;                         // start at 0

  std::size_t depth() const { return units.size() - 1; }  // L
  Activation activation_of(std::size_t layer) const { return activations[layer - 1]; }
  // Throws Error at `where` for fewer than two sizes, an empty layer, or another number of activations than layers.
  void validate(const std::string& where) const;
};

// One matrix of synapses [n_out, n_in] (rows: postsynaptic), with a bias per postsynaptic unit where it has them.
// Values live in panels (kernels/panels.h); get and set speak row-major.
template <class T>
class WeightMatrix {
 public:
  WeightMatrix(std::string name, std::size_t layer, std::size_t n_out, std::size_t n_in, bool biases);
  WeightMatrix(WeightMatrix&&) noexcept;
  WeightMatrix& operator=(WeightMatrix&&) noexcept;
  ~WeightMatrix();

  const std::string& name() const { return name_; }  // "W2", "feedback3"
  std::size_t layer() const { return layer_; }       // the postsynaptic layer
  std::size_t n_out() const { return n_out_; }
  std::size_t n_in() const { return n_in_; }
  bool has_bias() const { return biases_; }

  T* panels();
  const T* panels() const;
  std::size_t panels_size() const;
  T* bias();  // [padded(n_out)] or null
  const T* bias() const;
  std::size_t bias_size() const;  // padded; 0 without biases

  double get(std::size_t out, std::size_t in) const;
  void set(std::size_t out, std::size_t in, double value);
  std::vector<double> values() const;                  // row-major [n_out, n_in]
  void set_values(std::span<const double> row_major);  // throws InternalError on a wrong size
  std::vector<double> bias_values() const;             // [n_out]
  void set_bias_values(std::span<const double> values);

  // Panels of Wᵀ, for verbs that transport forward weights; valid until the weights change. refresh_transpose() remakes it, whole or what
  // elements begin … end − 1 of panels() say of it: rows of one panel from a multiple of half a panel on, to such a one or to the last.
  const T* transposed() const;
  std::size_t transposed_size() const;  // 0: no transposed copy was made
  void refresh_transpose();
  void refresh_transpose(std::size_t begin, std::size_t end);

 private:
  struct Storage;
  std::string name_;
  std::size_t layer_, n_out_, n_in_;
  bool biases_;
  std::unique_ptr<Storage> storage_;
};

template <class T>
class Network {
 public:
  // Forward weights and the groups that a rule owns, initialised from the seed: the same values for every precision (float is
  // the rounded double), instruction set and rule.
  Network(NetworkSpec spec, std::vector<WeightGroup> groups, std::uint64_t seed);

  const NetworkSpec& spec() const { return spec_; }
  std::size_t depth() const { return spec_.depth(); }  // L
  std::size_t units(std::size_t layer) const { return spec_.units[layer]; }
  const std::vector<WeightGroup>& groups() const { return groups_; }  // without "forward"

  // Matrix of a group whose postsynaptic layer is `layer`; a group or layer that does not exist is a bug of ours.
  WeightMatrix<T>& weights(std::size_t layer) { return weights("forward", layer); }
  const WeightMatrix<T>& weights(std::size_t layer) const { return weights("forward", layer); }
  WeightMatrix<T>& weights(std::string_view group, std::size_t layer);
  const WeightMatrix<T>& weights(std::string_view group, std::size_t layer) const;
  bool has_group(std::string_view group) const { return matrices_.contains(group); }
  // All matrices of a group, in the order of their layers.
  std::vector<WeightMatrix<T>>& group(std::string_view name);
  const std::vector<WeightMatrix<T>>& group(std::string_view name) const;
  const std::map<std::string, std::vector<WeightMatrix<T>>, std::less<>>& all_groups() const {
    return matrices_;
  }

  // Remakes every transposed copy that verbs of weight transport read.
  void refresh_transposes();

 private:
  NetworkSpec spec_;
  std::vector<WeightGroup> groups_;
  std::map<std::string, std::vector<WeightMatrix<T>>, std::less<>> matrices_;
};

extern template class WeightMatrix<float>;
extern template class WeightMatrix<double>;
extern template class Network<float>;
extern template class Network<double>;

}  // namespace apical
