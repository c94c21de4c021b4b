// Pyramidal neuron of three compartments and a firing rate.      Meulemans et al., NeurIPS 2021 (arXiv 2106.07887), eq. 1 and section 4
//
//   apical   τ_a dv_fb/dt = −v_fb + Q u           (+ σ ξ)       v_fb  feedback
//   basal         v_ff    = W r_prev + b                        v_ff  feedforward
//   soma     τ_v dv/dt    = −v + v_ff + v_fb                    v     membrane potential,  r = φ(v)
//
// Forward Euler; k = dt/τ. The equations are linear in the voltages, so they hold as they stand for deviations from the
// feedforward point, where v⁻ = v_ff⁻ and v_fb⁻ = 0.
struct PyramidalRate {
  template <class F>
  static F apical(F v_fb, F feedback, F k_a) {
    return v_fb + k_a * (feedback - v_fb);
  }
  template <class F>
  static F soma(F v, F v_ff, F v_fb, F k_v) {
    return v + k_v * (v_ff + v_fb - v);
  }
};
