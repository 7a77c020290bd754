#include "cli/plan_machines.h"

#include <algorithm>
#include <iostream>

#include "cli/arguments.h"

namespace cli {
namespace {

using isoflop::Error;
using isoflop::Fault;
using isoflop::format_amount;
using isoflop::format_billions;
using isoflop::format_gigabytes;

std::vector<isoflop::Accelerator> own_accelerators(const MachineFlags& flags) {
  if (flags.hardware.empty()) return {};
  if (flags.hardware.ends_with(".json")) return {isoflop::accelerator_from_bench(read_table(flags.hardware), flags.hardware)};
  return isoflop::accelerators_from_toml(read_table(flags.hardware), flags.hardware);
}

isoflop::CostOptions cost_options(const MachineFlags& flags) {
  const isoflop::MachineRequest request = machine_request(flags);
  isoflop::CostOptions options;
  options.accelerator = request.accelerator ? *request.accelerator : isoflop::find_accelerator("h100");
  options.devices = std::max<std::int64_t>(1, request.devices);
  options.mfu = request.mfu;
  options.usd_per_hour = request.usd_per_hour;
  return options;
}

std::string digits(double value, int count) { return isoflop::format_significant(value, count); }

std::string band(const isoflop::Range& range, int count = 3) {
  const auto number = [count](double value) { return format_amount(value, count); };
  if (range.low == range.high) return number(range.value);
  return number(range.value) + " (" + number(range.low) + " to " + number(range.high) + ")";
}

void print_shape(const isoflop::ShapeChoice& choice) {
  const isoflop::Shape& s = choice.shape;
  std::cout << "\nA shape of that size: n_layer " << s.n_layer << ", n_head " << s.n_head;
  if (s.n_kv_head > 0 && s.n_kv_head != s.n_head) std::cout << ", n_kv_head " << s.n_kv_head;
  std::cout << ", n_embd " << s.n_embd << ", n_inner " << isoflop::inner_size(s) << ", vocabulary "
            << isoflop::format_count(static_cast<double>(s.vocab_size)) << ": "
            << isoflop::format_count(static_cast<double>(choice.counts.params)) << " parameters (" << digits(100 * choice.off, 2)
            << " % off";
  if (choice.loss_rise) std::cout << ", " << digits(*choice.loss_rise, 2) << " nats";
  std::cout << ")\n";
}

void print_cost(const isoflop::TrainingCost& cost) {
  std::cout << "\nOn " << cost.devices << " x " << cost.accelerator << " at " << band(cost.mfu)
            << " of the peak: " << band(cost.days) << " days, " << band(cost.device_hours, 4) << " device-hours";
  if (cost.usd) std::cout << ", " << band(*cost.usd, 4) << " US dollars";
  if (cost.kwh) std::cout << ", " << band(*cost.kwh, 3) << " kWh";
  if (cost.co2_kg) std::cout << ", " << band(*cost.co2_kg, 3) << " kg CO2";
  std::cout << "\n";
  if (!cost.energy_basis.empty()) std::cout << "energy: " << cost.energy_basis << "; " << cost.carbon_basis << "\n";
}

void print_memory(const isoflop::FitAnswer& memory) {
  const isoflop::Layout& l = memory.layout;
  std::cout << (memory.fits ? "fits: " : "does not fit: ") << format_gigabytes(memory.use.total()) << " of "
            << format_gigabytes(memory.capacity) << " per device (weights " << format_gigabytes(memory.use.weights)
            << ", gradients " << format_gigabytes(memory.use.gradients) << ", optimizer "
            << format_gigabytes(memory.use.optimizer) << ", activations " << format_gigabytes(memory.use.activations)
            << ", logits " << format_gigabytes(memory.use.logits) << "); tensor " << l.tensor << " x pipeline " << l.pipeline
            << " x data " << l.data << ", ZeRO-" << l.zero << ", recomputation " << isoflop::to_string(memory.recomputation)
            << "\n";
  for (const std::string& advice : memory.advice) std::cout << "  " << advice << "\n";
}

void print_frontier(const std::vector<isoflop::FrontierPoint>& points, std::int64_t own) {
  if (points.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : points)
    if (!p.dominated || p.devices == own)
      rows.push_back({std::to_string(p.devices) + (p.devices == own ? " (the plan's)" : ""), digits(p.cost.days.value, 3),
                      p.cost.usd ? format_amount(p.cost.usd->value, 4) : "-", digits(p.token_overhead, 4)});
  std::cout << "\n";
  print_table({"devices", "days", "US dollars", "tokens needed"}, rows);
}

}  // namespace

void add_machine_flags(CLI::App& command, MachineFlags& flags) {
  command.add_option("--gpus", flags.gpus, "NAME:COUNT, e.g. H100:512; with --days a budget, else what the plan costs on them");
  command.add_option("--days", flags.days, "of those devices")->check(above_zero());
  command.add_option("--usd", flags.usd, "US dollars to spend on the devices (default: H100)")->check(above_zero());
  command.add_option("--mfu", flags.mfu, "model FLOPs utilisation (default: .375, .30 to .50)")->check(above_zero());
  command.add_option("--usd-per-hour", flags.price, "of a device (default: the range of the catalogue)")->check(above_zero());
  command.add_option(
      "--hardware", flags.hardware,
      "accelerators of your own, in the form of data/hardware.toml; or what isoflop bench --json measured (this-machine)");
  command.add_option("--arch", flags.arch, "the style of shapes: gpt2, llama")->capture_default_str();
  command
      .add_option("--count", flags.count,
                  "count C on shapes of that style: flops_exact, flops_full_attention (default: as the law does)")
      ->check(CLI::IsMember({"flops_exact", "flops_full_attention"}));
  command
      .add_option("--vocab-size", flags.vocab_size,
                  "of the tokenizer (default: the style's); a shape has the next multiple of 64")
      ->check(whole_number(1));
  command.add_option("--block-size", flags.block_size, "context in tokens (default: the style's)")->check(whole_number(1));
}

std::optional<isoflop::Range> machine_budget(const MachineFlags& flags) {
  if (flags.days && flags.gpus.empty()) throw Error(Fault::usage, "--days", "of which devices?", "give --gpus NAME:COUNT");
  if (flags.days && flags.usd)
    throw Error(Fault::usage, "--usd", "contradicts --days: each of them says the budget", "give one of them");
  if (flags.days) return isoflop::flops_in_days(*flags.days, cost_options(flags));
  if (flags.usd) return isoflop::flops_for_usd(*flags.usd, cost_options(flags));
  return std::nullopt;
}

isoflop::MachineRequest machine_request(const MachineFlags& flags) {
  isoflop::MachineRequest request;
  if (!flags.gpus.empty()) {
    auto [accelerator, devices] = isoflop::parse_devices(flags.gpus, own_accelerators(flags));
    request.accelerator = std::move(accelerator);
    request.devices = flags.gpus.find(':') == std::string::npos && !flags.days ? 0 : devices;
  }
  if (flags.mfu) request.mfu = {*flags.mfu, *flags.mfu, *flags.mfu};
  if (flags.price) request.usd_per_hour = isoflop::Range{*flags.price, *flags.price, *flags.price};
  request.count = flags.count;
  request.shape.style = isoflop::style_from(flags.arch);
  request.shape.vocab_size = flags.vocab_size;
  request.shape.block_size = flags.block_size;
  return request;
}

void print_machines(const isoflop::MachinePlan& machines) {
  if (const auto& c = machines.counted)
    std::cout << "\nWith C counted as " << c->convention << ": " << format_billions(c->model.params) << " parameters on "
              << format_billions(c->model.tokens) << " tokens, loss " << digits(*c->model.loss, 5) << " (n_layer "
              << c->shape.shape.n_layer << ", n_embd " << c->shape.shape.n_embd << ", "
              << digits(c->model.flops / c->model.tokens / c->model.params, 4) << " N FLOPs for a token)\n";
  if (!machines.shapes.empty()) print_shape(machines.shapes.front());
  print_cost(machines.cost);
  if (machines.memory) print_memory(*machines.memory);
  print_frontier(machines.frontier, machines.cost.devices);
}

}  // namespace cli
