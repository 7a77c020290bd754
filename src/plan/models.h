// Published models as the claims checker reads them.
#pragma once

#include <vector>

#include "isoflop/claims.h"

namespace isoflop::plan {

struct KnownModel {
  PublishedModel facts;
  bool flagship = false;  ///< meant when its family's word stands alone
};
[[nodiscard]] const std::vector<KnownModel>& known_models();

}  // namespace isoflop::plan
