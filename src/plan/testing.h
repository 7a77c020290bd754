// What the tests of the room share. Tests only.
#pragma once

#include <cmath>
#include <cstdlib>

#include "isoflop/arch.h"

namespace isoflop::plan {

/// |value / expected - 1| <= relative; ISOFLOP_TOL_SCALE scales it, 0 shows the true residuals. False for NaN.
inline bool near(double value, double expected, double relative = 5e-5) {
  const char* scale = std::getenv("ISOFLOP_TOL_SCALE");
  const double tolerance = relative * (scale == nullptr || *scale == '\0' ? 1 : std::strtod(scale, nullptr));
  return std::abs(value - expected) <= tolerance * std::abs(expected);
}

inline Shape gpt2_shape(std::int64_t n_layer, std::int64_t n_head, std::int64_t n_embd, std::int64_t vocab_size = 50257,
                        std::int64_t block_size = 1024) {
  Shape s;
  s.n_layer = n_layer;
  s.n_head = n_head;
  s.n_embd = n_embd;
  s.vocab_size = vocab_size;
  s.block_size = block_size;
  return s;
}

inline Shape llama_shape(std::int64_t n_layer, std::int64_t n_head, std::int64_t n_kv_head, std::int64_t n_embd,
                         std::int64_t n_inner, std::int64_t vocab_size, std::int64_t block_size = 4096) {
  Shape s = gpt2_shape(n_layer, n_head, n_embd, vocab_size, block_size);
  s.n_kv_head = n_kv_head;
  s.n_inner = n_inner;
  s.bias = s.tied_head = false;
  s.norm = Norm::rmsnorm;
  s.positions = Positions::rotary;
  s.mlp = Mlp::swiglu;
  return s;
}

}  // namespace isoflop::plan
