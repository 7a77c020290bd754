// Each kernel of a set, timed alone on one core at the sizes of the smallest and the largest source model.
#include <algorithm>
#include <chrono>
#include <functional>

#include "isoflop/text.h"
#include "isoflop/machine.h"
#include "kernels/bf16.h"
#include "kernels/choose.h"

namespace isoflop {
namespace {

using kernels::Bf16;

// the least of several batches of calls: what the core does when it is left alone
double seconds_of(const std::function<void()>& work, double budget) {
  using Clock = std::chrono::steady_clock;
  constexpr int kBatches = 7;
  const auto run = [&](std::int64_t calls) {
    const auto start = Clock::now();
    for (std::int64_t i = 0; i < calls; ++i) work();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  run(1);  // first touch
  const double once = std::max(run(1), 1e-7);
  const auto calls = static_cast<std::int64_t>(std::clamp(budget / kBatches / once, 1.0, 1e6));
  double best = run(calls);
  for (int batch = 1; batch < kBatches; ++batch) best = std::min(best, run(calls));
  return best / static_cast<double>(calls);
}

template <class T>
std::vector<T> values(std::int64_t n) {
  std::vector<T> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = kernels::rounded<T>(static_cast<float>(i * 2654435761U % 4096) / 4096.0F - 0.5F);
  return x;
}

template <class Act>
class Bench {
 public:
  Bench(const kernels::Table<float, Act>& table, double peak, double seconds) : t_(table), peak_(peak), seconds_(seconds) {}

  std::vector<KernelTime> run() {
    for (const std::int64_t c : {64, 384}) {
      products("qkv", 256, 3 * c, c);
      products("mlp out", 256, c, 4 * c);
      products("head", 64, 3584, c);
      attention(c / 32, 32);
      dropout(256, c);
      layernorm(256, c);
      gelu(256 * 4 * c);
    }
    attention(8, 48);
    cross_entropy(64, 3554, 3584);
    optimizer(1 << 20);
    return std::move(times_);
  }

 private:
  static constexpr kernels::Dropout<float> kTenth{.threshold = 6554, .scale = 65536.0F / (65536 - 6554)};
  static std::string by(std::int64_t a, std::int64_t b) { return format_number(a) + " x " + format_number(b); }

  void add(const std::string& kernel, const std::string& shape, double flops, double elements,
           const std::function<void()>& work) {
    KernelTime time;
    time.kernel = kernel;
    time.shape = shape;
    time.seconds = seconds_of(work, seconds_);
    time.gflops = flops / time.seconds / 1e9;
    time.share_of_peak = time.gflops / peak_;
    time.ns_per_element = elements > 0 ? time.seconds * 1e9 / elements : 0;
    times_.push_back(time);
  }

  void products(const std::string& name, std::int64_t m, std::int64_t n, std::int64_t k) {
    auto w = values<float>(n * k), c = values<float>(m * std::max(n, k));
    auto x = values<Act>(m * k), y = values<Act>(m * n), rounded = y, dx = x;
    auto forward = values<Act>(t_.packed_size(n, k)), backward = forward;
    auto scratch = values<float>(t_.outer_scratch(m, n, k));
    const std::string shape = format_number(m) + " x " + by(n, k);
    const double flops = 2.0 * static_cast<double>(m * n * k);
    add("pack " + name, shape, 0, static_cast<double>(2 * n * k), [&] {
      t_.pack_forward({w.data(), n, k, k, 0, n, forward.data()});
      t_.pack_backward({w.data(), n, k, k, 0, n, backward.data()});
    });
    add("product, " + name, shape, flops, 0, [&] {
      t_.matmul({.m = m, .n = n, .k = k, .a = x.data(), .lda = k, .b = forward.data(), .rounded = rounded.data(), .ldc = n});
    });
    add("product added, " + name, shape, flops, 0, [&] {
      t_.matmul({.m = m,
                 .n = n,
                 .k = k,
                 .a = x.data(),
                 .lda = k,
                 .b = forward.data(),
                 .c = c.data(),
                 .ldc = n,
                 .store = kernels::Store::add});
    });
    add("input gradient, " + name, shape, flops, 0, [&] {
      t_.matmul({.m = m, .n = k, .k = n, .a = y.data(), .lda = n, .b = backward.data(), .rounded = dx.data(), .ldc = k});
    });
    add("weight gradient, " + name, shape, flops, 0, [&] {
      t_.outer({.t = m,
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

  void attention(std::int64_t heads, std::int64_t size) {
    constexpr std::int64_t t = 256;
    const std::int64_t c = heads * size;
    auto qkv = values<Act>(t * 3 * c), out = values<Act>(t * c), dout = out, dqkv = qkv,
         probs = values<Act>(t_.attention_saved(t, heads, size));
    auto scratch = values<float>(t_.attention_scratch(t, heads, size));
    const double flops = 2.0 * static_cast<double>(t * (t + 1) * c);  // half of 4 t t c, for what is causal
    const std::string shape = format_number(t) + ", " + format_number(heads) + " heads of " + format_number(size);
    for (const bool drops : {false, true}) {
      const kernels::Dropout<float> dropout = drops ? kTenth : kernels::Dropout<float>();
      const std::string name = drops ? "attention, dropout" : "attention";
      add(name, shape, flops, 0, [&] {
        t_.attention({t, heads, size, qkv.data(), 3 * c, out.data(), c, probs.data(), scratch.data(), dropout});
      });
      add(name + ", gradient", shape, 2 * flops, 0, [&] {
        t_.attention_backward({t, heads, size, qkv.data(), 3 * c, out.data(), c, probs.data(), dout.data(), c, dqkv.data(), 3 * c,
                               scratch.data(), dropout});
      });
    }
  }

  void dropout(std::int64_t rows, std::int64_t cols) {
    auto x = values<float>(rows * cols), y = x;
    add("dropout", by(rows, cols), 0, static_cast<double>(rows * cols),
        [&] { t_.dropout({.rows = rows, .cols = cols, .x = x.data(), .residual = x.data(), .y = y.data(), .dropout = kTenth}); });
  }

  void layernorm(std::int64_t rows, std::int64_t cols) {
    auto x = values<float>(rows * cols), gain = values<float>(cols), bias = gain, mean = values<float>(rows), inv = mean, dx = x,
         dy = x;
    auto y = values<Act>(rows * cols), rounded = y;
    const auto elements = static_cast<double>(rows * cols);
    add("layernorm", by(rows, cols), 0, elements, [&] {
      t_.layernorm({rows, cols, x.data(), gain.data(), bias.data(), y.data(), mean.data(), inv.data()});
    });
    add("layernorm, gradient", by(rows, cols), 0, elements, [&] {
      t_.layernorm_backward({rows, cols, x.data(), gain.data(), mean.data(), inv.data(), dy.data(), dx.data(), gain.data(),
                             bias.data(), kernels::Store::overwrite, rounded.data()});
    });
  }

  void gelu(std::int64_t n) {
    auto x = values<Act>(n), y = x, dx = x;
    for (const kernels::Gelu kind : {kernels::Gelu::exact, kernels::Gelu::tanh}) {
      const std::string name = kind == kernels::Gelu::exact ? "gelu" : "gelu by tanh";
      add(name, format_number(n), 0, static_cast<double>(n), [&] { t_.gelu(kind, n, x.data(), y.data()); });
      add(name + ", gradient", format_number(n), 0, static_cast<double>(n),
          [&] { t_.gelu_backward(kind, n, x.data(), y.data(), dx.data()); });
    }
  }

  void cross_entropy(std::int64_t rows, std::int64_t classes, std::int64_t ld) {
    auto logits = values<float>(rows * ld);
    auto gradient = values<Act>(rows * ld);
    std::vector<double> nll(static_cast<std::size_t>(rows));
    const std::vector<std::int32_t> target(static_cast<std::size_t>(rows), 3);
    add("cross-entropy", by(rows, classes), 0, static_cast<double>(rows * classes), [&] {
      t_.cross_entropy({rows, classes, logits.data(), gradient.data(), ld, target.data(), nll.data(), 1e-4F});
    });
  }

  void optimizer(std::int64_t n) {
    auto w = values<float>(n), m = w, v = w, g = w;
    for (float& x : v) x = x * x;
    add("adamw", format_number(n), 0, static_cast<double>(n), [&] {
      t_.adamw({.n = n,
                .w = w.data(),
                .m = m.data(),
                .v = v.data(),
                .grad = g.data(),
                .learning_rate = 1e-6F,
                .beta1 = 0.9F,
                .beta2 = 0.99F,
                .epsilon = 1e-8F});
    });
    double sum = 0;
    add("sum of squares", format_number(n), 0, static_cast<double>(n), [&] { sum += t_.sum_squares(n, g.data()); });
    add("add", format_number(n), 0, static_cast<double>(n), [&] { t_.add(n, g.data(), w.data()); });
  }

  const kernels::Table<float, Act>& t_;
  double peak_, seconds_;
  std::vector<KernelTime> times_;
};

}  // namespace

std::vector<KernelTime> bench_kernels(Isa isa, double seconds) {
  const double peak = peak_gflops(isa, 1, std::max(0.05, seconds));
  const auto set = static_cast<kernels::Set>(isa);
  if (isa == Isa::avx512bf16) return Bench<Bf16>(kernels::bf16_table(set), peak, seconds).run();
  return Bench<float>(kernels::table(set), peak, seconds).run();
}

}  // namespace isoflop
