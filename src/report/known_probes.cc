#include "report/known_probes.h"

namespace apical::report {
namespace {

constexpr double kRight = 90, kThird = 30;  // degrees
constexpr double kRoom = 1.2;               // above a reference at 1, for its words
constexpr std::nullopt_t kNone = std::nullopt;
constexpr const char* kLengths =
    "A steady line at any height is harmless, since the learning rate absorbs a factor; a line that climbs "
    "or "
    "falls says that the two ask for different sizes of step.";

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
    {"update-length-gn", "Length of the update relative to Gauss-Newton", "Length ratio", kLengths, kRoom,
     kNone, 1.0, "as long"},
    {"update-angle-gn-damped", "Angle of the update to damped Gauss-Newton", "Angle",
     "Should stay below the angle to backprop for a controlled network whose feedback has learned.", kRight,
     kThird, kRight, "random direction"},
    {"update-length-gn-damped", "Length of the update relative to damped Gauss-Newton", "Length ratio",
     kLengths, kRoom, kNone, 1.0, "as long"},
    {"update-angle-gn-joint", "Angle of the update to Gauss-Newton of the whole minibatch", "Angle",
     "Larger than the angle to Gauss-Newton sample by sample, the more so the larger the minibatch: no "
     "sample of a controlled network knows of the others.",
     kRight, kThird, kRight, "random direction"},
    {"update-length-gn-joint", "Length of the update relative to Gauss-Newton of the whole minibatch",
     "Length ratio", kLengths, kRoom, kNone, 1.0, "as long"},
    {"update-angle-mn", "Angle of the update to the minimum-norm update", "Angle",
     "Should fall as Condition 2 comes to hold: 0° means that voltages move no farther than they must.",
     kRight, kThird, kRight, "random direction"},
    {"update-length-mn", "Length of the update relative to the minimum-norm update", "Length ratio", kLengths,
     kRoom, kNone, 1.0, "as long"},
    {"update-angle-mn-damped", "Angle of the update to the damped minimum-norm update", "Angle",
     "Should fall as Condition 2 comes to hold.", kRight, kThird, kRight, "random direction"},
    {"update-length-mn-damped", "Length of the update relative to the damped minimum-norm update",
     "Length ratio", kLengths, kRoom, kNone, 1.0, "as long"},
    {"update-angle-mn-official", "Angle of the update to the authors' nonlinear minimum-norm update", "Angle",
     "Near the angle to the minimum-norm update while that update is small; for comparison with published "
     "figures only.",
     kRight, kThird, kRight, "random direction"},
    {"update-length-mn-official",
     "Length of the update relative to the authors' nonlinear minimum-norm update", "Length ratio", kLengths,
     kRoom, kNone, 1.0, "as long"},
    {"update-angle-ssa", "Angle of the update to the analytic steady state", "Angle",
     "Should stay near 0°: the dynamics settle where the linear theory says. It grows with the nudge and "
     "where "
     "samples do not settle.",
     kRight, kThird, kRight, "random direction"},
    {"update-length-ssa", "Length of the update relative to the analytic steady state", "Length ratio",
     "Should stay near 1: below, samples have not settled when they learn, or are left out.", kRoom, kNone,
     1.0, "as long"},
    {"weight-alignment", "Angle between feedback and forward weights", "Angle",
     "Random feedback starts near 90°; the line should fall where forward or feedback weights learn to "
     "align, and stay where nothing aligns them.",
     kRight, kThird, kRight, "not aligned"},
    {"feedback-angle-transpose", "Feedback learning: angle between Q and the transposed Jacobian", "Angle",
     "Should fall while the feedback weights sleep before training (epochs below 0) and stay low after: a "
     "line "
     "that climbs says that the forward weights change faster than feedback follows.",
     kRight, kThird, kRight, "not aligned"},
    {"feedback-angle-inverse", "Feedback learning: angle between Q and the inverse of the Jacobian", "Angle",
     "Falls with the angle to the transposed Jacobian where that is well conditioned; it may stay high, "
     "since noise teaches the damped inverse.",
     kRight, kThird, kRight, "not aligned"},
    {"feedback-angle-damped", "Feedback learning: angle between Q and the damped inverse of the Jacobian",
     "Angle",
     "Should fall further than the angle to the transposed Jacobian, at the damping that sleep's leak and "
     "gain stand for.",
     kRight, kThird, kRight, "not aligned"},
    {"condition-1", "Condition 1: how much the layers' rates differ in length", "s.d. / mean",
     "The smaller the nearer updates can come to Gauss-Newton; it need not fall for a network to learn.",
     kNone, kNone, kNone, ""},
    {"condition-1-official", "Condition 1 as the authors' code measures it", "s.d. / √mean",
     "For comparison with their figure only: it grows with the scale of the rates.", kNone, kNone, kNone, ""},
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
    {"feedback-ratio-official", "Feedback beside the feedforward drive, as the authors' code measures it",
     "Length ratio", "For comparison with their numbers only; square layers and the first alone have it.",
     kNone, kNone, kNone, ""},
    {"stability-controlled", "Stability margin at the controlled state", "Largest real part",
     "Should stay below 0, with room: above, deviations of the worst sample grow. The Euler step above 0 "
     "while "
     "A_PI is below means that dt is too long.",
     0.0, kNone, 0.0, "unstable above"},
    {"stability", "Stability margin at the feedforward point", "Largest real part",
     "Should stay below 0, with room: above, the worst sample leaves its feedforward point by itself.", 0.0,
     kNone, 0.0, "unstable above"},
    {"stability-integral-controlled", "Stability margin of integral control alone, at the controlled state",
     "Largest real part",
     "Should stay below 0; above, it takes the proportional part of the control to hold the worst sample.",
     0.0, kNone, 0.0, "unstable above"},
    {"stability-integral", "Stability margin of integral control alone, at the feedforward point",
     "Largest real part",
     "Should stay below 0; above, it takes the proportional part of the control to hold the worst sample.",
     0.0, kNone, 0.0, "unstable above"},
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
