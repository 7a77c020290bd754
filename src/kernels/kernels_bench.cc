// How fast the sets are, as a share of the FMA peak measured in the same process just before and after. `peak_share` is the
// number to read: the clock of a shared machine drifts, the ratio does not.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <new>
#include <string>
#include <vector>

#include "kernels/choose.h"
#include "kernels/peak.h"

namespace isoflop::kernels {
namespace {

// large pages, as an engine's arena would have them
template <class T>
struct LargePages {
  using value_type = T;
  LargePages() = default;
  template <class U>
  explicit LargePages(const LargePages<U>&) {}
  T* allocate(std::size_t n) {
    constexpr std::size_t kPage = std::size_t{2} << 20;
    const std::size_t bytes = (n * sizeof(T) + kPage - 1) / kPage * kPage;
    void* p = std::aligned_alloc(kPage, bytes);
    if (!p) throw std::bad_alloc();
#if defined(__linux__)
    madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return static_cast<T*>(p);
  }
  void deallocate(T* p, std::size_t) {
    std::free(p);
  }
  bool operator==(const LargePages&) const {
    return true;
  }
};
using Floats = std::vector<float, LargePages<float>>;

Floats values(std::int64_t n) {
  Floats x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 2654435761u % 4096) / 4096.0f - 0.5f;
  return x;
}

// of this thread, so that being put aside by the system does not count
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double peak_flops(Set set) {
  double best = 0;
  for (int burst = 0; burst < 5; ++burst) {
    const double start = cpu_seconds();
    const double flops = peak(set).fma(100'000);
    best = std::max(best, flops / (cpu_seconds() - start));
  }
  return best;
}

// runs `work` and reports the best iteration: on a shared machine the mean measures the neighbours
template <class Work>
void measure(benchmark::State& state, Set set, double flops, const Work& work) {
  double peak = peak_flops(set), best = 1e9;
  for (auto _ : state) {
    const double start = cpu_seconds();
    work();
    const double seconds = cpu_seconds() - start;
    state.SetIterationTime(seconds);
    best = std::min(best, seconds);
  }
  peak = std::max(peak, peak_flops(set));
  state.counters["best_us"] = best * 1e6;
  state.counters["gflops"] = flops / best / 1e9;
  state.counters["peak_share"] = flops / best / peak;
}

void matmul(benchmark::State& state, Set set, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t m = 256;
  const Table<float>& t = table(set);
  auto a = values(m * k), w = values(n * k), c = values(m * n), packed = values(t.packed_size(n, k));
  t.pack_forward({w.data(), n, k, k, 0, n, packed.data()});
  measure(state, set, 2.0 * m * static_cast<double>(n * k),
          [&] { t.matmul({.m = m, .n = n, .k = k, .a = a.data(), .lda = k, .b = packed.data(), .c = c.data(), .ldc = n}); });
}

void outer(benchmark::State& state, Set set, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t rows = 256;
  const Table<float>& t = table(set);
  auto y = values(rows * n), x = values(rows * k), w = values(n * k), scratch = values(t.outer_scratch(rows, n, k));
  measure(state, set, 2.0 * rows * static_cast<double>(n * k), [&] {
    t.outer({.t = rows,
             .n = n,
             .k = k,
             .y = y.data(),
             .ldy = n,
             .x = x.data(),
             .ldx = k,
             .w = w.data(),
             .ldw = k,
             .scratch = scratch.data()});
  });
}

// one sequence of 256 tokens through all kernels of a GPT, forward and backward, without embedding and update
void sequence(benchmark::State& state, Set set, std::int64_t layers, std::int64_t heads, std::int64_t c, bool backward) {
  constexpr std::int64_t rows = 256, vocabulary = 3554, padded = 3584;
  const Table<float>& t = table(set);
  const std::int64_t size = c / heads, wide = 4 * c;
  struct Weight {
    std::int64_t n, k;
    Floats w, forward, backward, gradient;
  };
  const auto weight = [&](std::int64_t n, std::int64_t k) {
    Weight w{n, k, values(n * k), values(t.packed_size(n, k)), values(t.packed_size(n, k)), values(n * k)};
    t.pack_forward({w.w.data(), n, k, k, 0, n, w.forward.data()});
    t.pack_backward({w.w.data(), n, k, k, 0, n, w.backward.data()});
    return w;
  };
  struct Layer {
    Weight qkv, proj, fc, out;
    Floats x, h1, h2, saved_qkv, mixed, probs, before, after, mean, inv;
  };
  std::vector<Layer> net;
  for (std::int64_t l = 0; l < layers; ++l) {
    net.push_back({weight(3 * c, c), weight(c, c), weight(wide, c), weight(c, wide), values(rows * c), values(rows * c),
                   values(rows * c), values(rows * 3 * c), values(rows * c), values(t.attention_saved(rows, heads, size)),
                   values(rows * wide), values(rows * wide), values(rows), values(rows)});
  }
  Weight head = weight(padded, c);
  auto gain = values(wide), bias = values(padded), x = values(rows * c), dx = values(rows * c), logits = values(rows * padded),
       dgain = values(padded);
  auto big = values(rows * wide), dqkv = values(rows * 3 * c), dmixed = values(rows * c);
  auto scratch = values(
      std::max({t.outer_scratch(rows, padded, c), t.outer_scratch(rows, c, wide), t.attention_scratch(rows, heads, size)}));
  std::vector<std::int32_t> target(rows, 7);
  std::vector<double> nll(rows);

  const auto forward = [&](const Weight& w, const Floats& in, Floats& out, Store store) {
    t.matmul({.m = rows,
              .n = w.n,
              .k = w.k,
              .a = in.data(),
              .lda = w.k,
              .b = w.forward.data(),
              .c = out.data(),
              .ldc = w.n,
              .bias = bias.data(),
              .store = store});
  };
  const auto back = [&](Weight& w, const Floats& in, const Floats& dy, Floats& din) {
    t.outer({.t = rows,
             .n = w.n,
             .k = w.k,
             .y = dy.data(),
             .ldy = w.n,
             .x = in.data(),
             .ldx = w.k,
             .w = w.gradient.data(),
             .ldw = w.k,
             .scratch = scratch.data()});
    t.matmul({.m = rows, .n = w.k, .k = w.n, .a = dy.data(), .lda = w.n, .b = w.backward.data(), .c = din.data(), .ldc = w.k});
  };
  const auto norm = [&](Layer& l, Floats& h) {
    t.layernorm({rows, c, x.data(), gain.data(), bias.data(), h.data(), l.mean.data(), l.inv.data(), 1e-5f});
  };
  const auto norm_back = [&](Layer& l, const Floats& dh) {
    t.layernorm_backward({rows, c, l.x.data(), gain.data(), l.mean.data(), l.inv.data(), dh.data(), dx.data(), dgain.data(),
                          dgain.data(), Store::add});
  };
  const auto work = [&] {
    for (Layer& l : net) {
      norm(l, l.h1);
      forward(l.qkv, l.h1, l.saved_qkv, Store::overwrite);
      t.attention({rows, heads, size, l.saved_qkv.data(), 3 * c, l.mixed.data(), c, l.probs.data(), scratch.data()});
      forward(l.proj, l.mixed, x, Store::add);
      norm(l, l.h2);
      forward(l.fc, l.h2, l.before, Store::overwrite);
      t.gelu(Gelu::exact, rows * wide, l.before.data(), l.after.data());
      forward(l.out, l.after, x, Store::add);
    }
    std::copy(net[0].x.begin(), net[0].x.end(), x.begin());
    forward(head, x, logits, Store::overwrite);
    t.cross_entropy({rows, vocabulary, logits.data(), backward ? logits.data() : nullptr, padded, target.data(), nll.data(), 1e-3f});
    if (!backward) return;
    back(head, x, logits, dx);
    for (auto l = net.rbegin(); l != net.rend(); ++l) {
      back(l->out, l->after, dx, big);
      t.gelu_backward(Gelu::exact, rows * wide, l->before.data(), big.data(), big.data());
      back(l->fc, l->h2, big, dmixed);
      norm_back(*l, dmixed);
      back(l->proj, l->mixed, dx, dmixed);
      t.attention_backward({rows, heads, size, l->saved_qkv.data(), 3 * c, l->mixed.data(), c, l->probs.data(), dmixed.data(), c,
                            dqkv.data(), 3 * c, scratch.data()});
      back(l->qkv, l->h1, dqkv, dmixed);
      norm_back(*l, dmixed);
    }
  };
  // what is counted: 6 N and the causal half of attention
  const double each = static_cast<double>(12 * layers * c * c + vocabulary * c),
               pairs = static_cast<double>(layers * c * (rows + 1)) / 2;
  measure(state, set, (backward ? 3 : 1) * rows * (2 * each + 4 * pairs), work);
}

void attention(benchmark::State& state, Set set, std::int64_t heads, std::int64_t size, bool backward) {
  constexpr std::int64_t rows = 256;
  const Table<float>& t = table(set);
  const std::int64_t c = heads * size;
  auto qkv = values(rows * 3 * c), out = values(rows * c), dqkv = qkv, dout = out;
  auto probs = values(t.attention_saved(rows, heads, size)), scratch = values(t.attention_scratch(rows, heads, size));
  const AttentionArgs<float> forward{rows, heads, size, qkv.data(), 3 * c, out.data(), c, probs.data(), scratch.data()};
  t.attention(forward);
  const double flops = 4.0 * rows * (rows + 1) / 2 * static_cast<double>(c);
  measure(state, set, backward ? 2 * flops : flops, [&] {
    if (backward) {
      t.attention_backward({rows, heads, size, qkv.data(), 3 * c, out.data(), c, probs.data(), dout.data(), c, dqkv.data(), 3 * c,
                            scratch.data()});
    } else {
      t.attention(forward);
    }
  });
}

void gelu(benchmark::State& state, Set set, Gelu kind, bool backward) {
  const Table<float>& t = table(set);
  constexpr std::int64_t n = 256 * 768;
  auto x = values(n), y = values(n), z = values(n);
  measure(state, set, 0,
          [&] { backward ? t.gelu_backward(kind, n, x.data(), y.data(), z.data()) : t.gelu(kind, n, x.data(), z.data()); });
  state.counters["ns_each"] = state.counters["best_us"].value * 1e3 / static_cast<double>(n);
}

const bool kRegistered = [] {
  const auto add = [](const std::string& name, const auto& run) {
    benchmark::RegisterBenchmark(name.c_str(), run)->UseManualTime();
  };
  for (const Set set : available()) {
    if (set == Set::ref) continue;
    const std::string name = table(set).name;
    for (const std::int64_t c : {64, 128, 192, 256, 384}) {
      const std::vector<std::pair<std::int64_t, std::int64_t>> shapes = {{3 * c, c}, {c, c},    {4 * c, c}, {c, 4 * c},
                                                                         {3554, c},  {3584, c}, {c, 3584}};
      for (const auto& [n, k] : shapes) {
        const std::string shape = "/n" + std::to_string(n) + "/k" + std::to_string(k);
        add(name + "/matmul" + shape, [=, n = n, k = k](benchmark::State& s) { matmul(s, set, n, k); });
        add(name + "/outer" + shape, [=, n = n, k = k](benchmark::State& s) { outer(s, set, n, k); });
      }
    }
    for (const bool backward : {false, true}) {
      const std::string way = backward ? "/backward" : "/forward";
      add(name + "/attention/6x32" + way, [=](benchmark::State& s) { attention(s, set, 6, 32, backward); });
      add(name + "/attention/4x48" + way, [=](benchmark::State& s) { attention(s, set, 4, 48, backward); });
      add(name + "/gelu/exact" + way, [=](benchmark::State& s) { gelu(s, set, Gelu::exact, backward); });
      add(name + "/gelu/tanh" + way, [=](benchmark::State& s) { gelu(s, set, Gelu::tanh, backward); });
      add(name + "/sequence/tiny" + way, [=](benchmark::State& s) { sequence(s, set, 2, 2, 64, backward); });
      add(name + "/sequence/small" + way, [=](benchmark::State& s) { sequence(s, set, 4, 4, 128, backward); });
      add(name + "/sequence/medium" + way, [=](benchmark::State& s) { sequence(s, set, 6, 6, 192, backward); });
      add(name + "/sequence/large" + way, [=](benchmark::State& s) { sequence(s, set, 8, 8, 384, backward); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace isoflop::kernels
