// Observations -> constants with uncertainty and a reason for stopping. No I/O.
#pragma once

#include "isoflop/allocation.h"
#include "isoflop/compare.h"
#include "isoflop/fit.h"
#include "isoflop/fit_law.h"
#include "isoflop/law.h"
#include "isoflop/observations.h"
#include "isoflop/simulate.h"
