// The student–teacher problem: targets are what a fixed random network, the teacher, answers to uniform inputs.
//     Meulemans et al., NeurIPS 2021 (arXiv 2106.07887), section 6.1, and the authors' code
#pragma once

#include <string_view>

#include "apical/data.h"
#include "apical/teacher_settings.h"

namespace apical {

// part: "train" or "test". Inputs [samples, inputs] uniform in (−1, 1), targets [samples, outputs]; both float64.
//
// The same bits on every machine and for every number of threads: numbers come from the counter-based generator, weights are
// rounded to float32 so that the last bit of a logarithm does not matter, and every sum runs over presynaptic units in order.
Dataset student_teacher(const TeacherSettings& settings, std::string_view part);

}  // namespace apical
