// How weights begin. Values depend on (seed, matrix name, position) only: the same for every precision, instruction set and rule,
// so that seeds are paired across rules.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apical {

// "xavier-normal" N(0, 2/(n_in+n_out)); "xavier-uniform"; "he-normal" N(0, 2/n_in); "he-uniform"; "lecun-normal" N(0, 1/n_in);
// "unit-norm" N(0, 1/(n_out n_in)), whose Frobenius norm is about 1;
// "orthogonal" (normal, then QR; rows or columns orthonormal, whichever are fewer); "orthogonal-uniform" (the same from uniform
// numbers); "zero"; "identity". Rule-owned groups also know "weight-product", which needs the network and is made there.
std::span<const std::string> initialiser_names();

// Row-major [n_out, n_in]. Throws Error at `where` for an unknown name.
std::vector<double> initial_weights(std::string_view initialiser, std::size_t n_out, std::size_t n_in,
                                    double gain, std::uint64_t seed, std::string_view matrix,
                                    const std::string& where);

}  // namespace apical
