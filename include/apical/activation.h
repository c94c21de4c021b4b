// Activation functions φ of the neurons: r = φ(v).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace apical {

// leaky_relu has slope 0.2 below zero; at zero, relu' = leaky_relu' = 1 (the convention of the DFC authors' code).
// Values are within 2 units in the last place (double: 2.25); those of the fast ones within 12 in single precision, the same in double.
enum class Activation { linear, relu, leaky_relu, tanh, sigmoid, softplus, tanh_fast, sigmoid_fast };
inline constexpr int kActivations = 8;

const std::string& to_string(Activation activation);
// Throws Error that names the nearest valid activation.
Activation activation_named(std::string_view name, const std::string& where);
std::span<const std::string> activation_names();

}  // namespace apical
