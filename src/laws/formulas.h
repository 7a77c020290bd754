// The laws of this build, each in the file of its formula.
#pragma once

#include "laws/law.h"

namespace isoflop::laws {

[[nodiscard]] Law power_n();
[[nodiscard]] Law chinchilla();
[[nodiscard]] Law early_phase();
[[nodiscard]] std::vector<Law> power_laws();
[[nodiscard]] std::vector<Law> kaplan_laws();
[[nodiscard]] std::vector<Law> overtraining_laws();
[[nodiscard]] std::vector<Law> repetition_laws();
[[nodiscard]] std::vector<Law> expert_laws();
[[nodiscard]] std::vector<Law> hyperparameter_laws();
[[nodiscard]] std::vector<Law> curve_laws();

}  // namespace isoflop::laws
