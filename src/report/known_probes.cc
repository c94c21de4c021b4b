#include "report/known_probes.h"

namespace apical::report {
namespace {

constexpr double kRight = 90, kThird = 30;  // degrees
constexpr double kRoom = 1.2;               // above a reference at 1, for its words
constexpr std::nullopt_t kNone = std::nullopt;

const KnownProbe kKnown[] = {
    {"update-angle", "Angle of the update to backprop", "Angle",
     "0° is backprop's own direction and 90° a random one: a rule that assigns credit stays well below 90°, "
     "or falls there as its feedback aligns.",
     kRight, kThird, kRight, "random direction"},
    {"update-length", "Length of the update relative to backprop", "Length ratio",
     "A steady line at any height is harmless, since the learning rate absorbs a factor; layers that drift "
     "apart learn at different speeds.",
     kRoom, kNone, 1.0, "as long as backprop's"},
    {"update-angle-gn", "Angle of the update to Gauss-Newton", "Angle",
     "Should be smaller than the angle to backprop where Conditions 1 and 2 nearly hold: controlled networks "
     "learn in this direction.",
     kRight, kThird, kRight, "random direction"},
    {"update-angle-gn-damped", "Angle of the update to damped Gauss-Newton", "Angle",
     "Should stay below the angle to backprop for a controlled network whose feedback has learned.", kRight,
     kThird, kRight, "random direction"},
    {"update-angle-mn", "Angle of the update to the minimum-norm update", "Angle",
     "Should fall as Condition 2 comes to hold: 0° means that voltages move no farther than they must.",
     kRight, kThird, kRight, "random direction"},
    {"update-angle-mn-damped", "Angle of the update to the damped minimum-norm update", "Angle",
     "Should fall as Condition 2 comes to hold.", kRight, kThird, kRight, "random direction"},
    {"update-angle-ssa", "Angle of the update to the analytic steady state", "Angle",
     "Should stay near 0°: the dynamics settle where the linear theory says. It grows with the nudge and "
     "where "
     "samples do not settle.",
     kRight, kThird, kRight, "random direction"},
    {"weight-alignment", "Angle between feedback and forward weights", "Angle",
     "Random feedback starts near 90°; the line should fall where forward or feedback weights learn to "
     "align, and stay where nothing aligns them.",
     kRight, kThird, kRight, "not aligned"},
    {"feedback-angle-transpose", "Feedback learning: angle between Q and the transposed Jacobian", "Angle",
     "Should fall while the feedback weights sleep before training (epochs below 0) and stay low after: a "
     "line "
     "that climbs says that the forward weights change faster than feedback follows.",
     kRight, kThird, kRight, "not aligned"},
    {"condition-1", "Condition 1: how much the layers' rates differ in length", "s.d. / mean",
     "The smaller the nearer updates can come to Gauss-Newton; it need not fall for a network to learn.",
     kNone, kNone, kNone, ""},
    {"condition-2", "Condition 2: feedback in the row space of the Jacobian", "Share of Q",
     "Should rise towards 1 while feedback weights learn, before training (epochs below 0) too, and stay: "
     "what "
     "is missing moves neurons without moving the output.",
     kRoom, kNone, 1.0, "Condition 2 holds"},
    {"condition-3", "Condition 3: smallest real part of J Q + α", "Real part",
     "Should stay above 0 (and the share at 1): below, no leak of the controller keeps the steady state "
     "stable.",
     kNone, kNone, 0.0, "unstable below"},
    {"feedback-ratio", "Feedback beside the feedforward drive", "Length ratio",
     "Far below 1 the network is nudged and the linear theory holds; towards 1 control decides what neurons "
     "do. "
     "Should fall as the network learns to do without control.",
     kNone, kNone, kNone, ""},
    {"stability-controlled", "Stability margin at the controlled state", "Largest real part",
     "Should stay below 0, with room: above, deviations of the worst sample grow. The Euler step above 0 "
     "while "
     "A_PI is below means that dt is too long.",
     0.0, kNone, 0.0, "unstable above"},
    {"stability", "Stability margin at the feedforward point", "Largest real part",
     "Should stay below 0, with room: above, the worst sample leaves its feedforward point by itself.", 0.0,
     kNone, 0.0, "unstable above"},
    {"divergence", "Predicted against seen divergence", "Share of samples",
     "All but the agreement should be 0, the agreement 1: theory and simulation then say the same of every "
     "sample.",
     kRoom, kNone, kNone, ""},
    {"settling-share", "Samples that settle", "Share of samples",
     "Converged should be 1 and diverged 0 all along.", kRoom, kNone, 1.0, "all"},
    {"settling-time", "Settling time", "States",
     "Should stay well below the number of states that are simulated; a line at that number has not settled.",
     kNone, kNone, kNone, ""},
    {"settling-residual", "Residual after settling, over samples", "Residual",
     "Should stay below 1e-5, where a sample counts as settled.", kNone, kNone, 1e-5, "settled below"},
    {"settling-overshoot", "Overshoot of the output beyond its target", "Share of the way",
     "Near 0 for a well damped network; a line that climbs announces oscillation before samples stop "
     "settling.",
     kNone, kNone, kNone, ""},
    {"non-finite", "Where numbers are not finite", "Count",
     "Should be 0 everywhere, and is not drawn where it is: any count names the layer whose voltages, "
     "weights or "
     "updates ran away.",
     kNone, kNone, kNone, ""},
    {"null-space", "Share of the update that moves no output", "Share of the length",
     "0 for backprop; the rest of an update costs length and may disturb what was learned before.", kRoom,
     kNone, kNone, ""},
};

}  // namespace

std::span<const KnownProbe> known_probes() { return kKnown; }

}  // namespace apical::report
