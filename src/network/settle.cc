// The verb that lets a network settle under feedback control.
#include "apical/error.h"
#include "network/counting_law.h"
#include "network/settling_run.h"

namespace apical {

template <class T>
void BasicTrial<T>::settle(LawFunction<T> law, const PiController& controller, const Settling& settling) {
  const bool solves = settling.how == Settle::solve;
  if (solves || settling.how == Settle::linear_response) {
    if (settling.drive != Drive::control) throw InternalError("only Q u as the drive can be solved for");
    mark(Mark::analytic_jacobian);
  }
  // the solver reads how the output answers to every neuron, from the output down
  if (solves) mark(Mark::weight_transport);
  if (TopDown<T>::transports(settling)) mark(Mark::weight_transport);
  SettlingRun<T>(network_, tile_, rule_, static_cast<TileDelta<T>&>(delta_), counted(law), controller,
                 settling)
      .run();
}

template void BasicTrial<float>::settle(LawFunction<float>, const PiController&, const Settling&);
template void BasicTrial<double>::settle(LawFunction<double>, const PiController&, const Settling&);

}  // namespace apical
