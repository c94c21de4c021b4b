// One tile's settling phase under feedback control, from the feedforward point to where its settings say.
#pragma once

#include <cstdint>
#include <string_view>

#include "apical/rule.h"
#include "kernels/kernels.h"
#include "network/settling_arrays.h"
#include "network/settling_record.h"
#include "network/tile_delta.h"
#include "network/top_down.h"

namespace apical {

template <class T>
class SettlingRun {
 public:
  SettlingRun(const Network<T>& network, TileState<T>& tile, const BasicRule<T>& rule, TileDelta<T>& delta,
              LawFunction<T> law, const PiController& controller, const Settling& settling)
      : network_(network),
        tile_(tile),
        rule_(rule),
        delta_(delta),
        law_(law),
        controller_(controller),
        settling_(settling),
        depth_(network.depth()),
        needs_(settling, tile.observer != nullptr),
        top_down_(network, tile, settling),
        output_count_(tile.rows * row_stride<T>(network.units(depth_))),
        record_(tile.record),
        kernels_(kernels<T>()) {}

  // Leaves the tile in its last state, with what plasticity made of it and what became of each sample.
  void run();

 private:
  // Where the output is to go, and whether it moves on the way.
  void choose_target();
  // As far as the settings say; whether unsettled samples have been left out already.
  bool run_to_end();
  // Marks the samples that did not settle, unless they take part; whether there are any.
  bool leave_out_unsettled();

  // --- taking the steps
  // State 0: the feedforward point, no control.
  void start();
  // The next state is the first in the rings.
  void rewind();
  // State by state.
  void settle();
  // From state `step` to the next one.
  void advance(std::int64_t step);
  double tolerance() const;
  // States for which a residual has to stay small: a moment's balance on the way is not yet rest.
  std::int64_t dwell() const;
  // The states that are left would all equal the last one: it counts for them in the mean over time.
  void hold(std::int64_t states);
  // What plasticity makes of the one state in the rings counts for that many.
  template <class Learning>
  void count_for(std::int64_t states, Learning&& learning) {
    const T count = static_cast<T>(states);
    delta_.scale_steps(1 / count);
    learning();
    delta_.flush(1);
    delta_.scale_steps(count);
  }
  // The newest state as the only one in the rings.
  void first_slot();
  void control(const T* u_before);
  void move(const T* u, std::int64_t step);
  // v_ff − v_ff⁻ = W ρ of the layer below, as it is now; Q u; then the law: panel by panel, so that the input is in the first cache level when
  // the law reads it. Input that nobody reads afterwards is written to the same few lines for all panels.
  void move_layer(std::size_t i, const T* u, std::int64_t step);

  // --- without taking them
  // To the rest point; samples for which none is found are simulated.
  void solve();
  // All T states to first order: the last one, and the mean of those that plasticity sees, which stands for each of them. Simulated where the first
  // order does not do, and false then.
  bool respond();

  // Plasticity of a group sees the state.
  void learn(std::string_view group);
  // The forward weights', without the samples that are left out.
  void learn_forward();
  void observe(std::int64_t step);

  const Network<T>& network_;
  TileState<T>& tile_;
  const BasicRule<T>& rule_;
  TileDelta<T>& delta_;
  LawFunction<T> law_;
  const PiController& controller_;
  const Settling& settling_;
  std::size_t depth_;
  SettlingNeeds needs_;
  TopDown<T> top_down_;  // what drives the apical compartments
  std::size_t output_count_;
  T *passing_v_ff_ = nullptr,
    *passing_feedback_ = nullptr;  // v_ff and Q u of one panel, where they are not kept
  const T* target_ = nullptr;
  bool moving_target_ = false;  // clamped by a loss whose gradient is not linear in the output
  SettlingRecord& record_;
  const Kernels<T>& kernels_;
};

extern template class SettlingRun<float>;
extern template class SettlingRun<double>;

}  // namespace apical
