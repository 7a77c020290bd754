// A line of prose, table or LaTeX to numbers with units. Claims checker only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isoflop::plan {

/// What a number counts, by its unit or its label.
enum class Kind {
  none,
  params,
  tokens,
  ratio,  ///< tokens per parameter
  flops,
  rate,  ///< FLOP/s of a device
  devices,
  seconds,
  device_seconds,
  usd,
  usd_per_hour,
  yen,
  yen_per_hour,
  percent,
  factor,  ///< 5 times, 5倍
  bytes,
  characters,
  steps,
  batch_tokens,       ///< of a step
  throughput,         ///< tokens a second, of all devices
  device_throughput,  ///< of one
  step_seconds,
  loss,  ///< nats per token
  perplexity,
  bits_per_token,
  bits_per_byte,
  bytes_per_token,
  bytes_per_param,
  bytes_per_second,
  utilisation,  ///< a percentage called MFU; quantities() leaves it a percent, relations() reads it so
  watts,        ///< of one device
  watt_hours,
  overhead,  ///< PUE
  carbon,    ///< kg of CO2
  carbon_per_kwh,
  usd_per_kwh,
  yen_per_kwh,
  layers,
  width,
  vocabulary,
  other,  ///< a unit that no rule reads: epochs, sequences
};

/// A number as written.
struct Number {
  double value = 0;
  double step = 0;        ///< a unit of its last digit
  bool suffixed = false;  ///< K, M, B, T, million, 億, ...
  bool power = false;     ///< 10^n alone: exact
  bool exact = false;     ///< no decimal point
  bool fraction = false;  ///< 3分の1
  std::size_t begin = 0, end = 0;
};

struct Unit {
  Kind kind = Kind::none;
  double factor = 1;  ///< to plain units (seconds, bytes, FLOPs)
  std::size_t end = 0;
};

/// A number with what it counts.
struct Quantity {
  Kind kind = Kind::none;
  double value = 0, step = 0;  ///< plain units
  double raw = 0;              ///< as written, without the unit's factor
  bool suffixed = false;
  bool recommended = false;    ///< "recommended", 推奨: not what was done
  bool labelled = false;       ///< by what stands before it, not by a unit
  bool exact = false;          ///< written without a decimal point
  bool approximate = false;    ///< about, 約
  bool utilisation = false;    ///< a percentage called MFU
  bool counts_nodes = false;   ///< 8 nodes, 20 servers: machines that hold several devices
  bool counts_passes = false;  ///< 4 epochs
  std::size_t begin = 0, number_end = 0, end = 0;
  std::string unit;     ///< as written behind it
  std::string written;  ///< with its number
};

/// ASCII operators for typographic and LaTeX ones (* / ^(..) sqrt() = ~), no emphasis marks, full-width forms folded; ~ is "about
/// equal". A dollar sign stays before money only.
[[nodiscard]] std::string normalised(std::string_view line);

/// The text counts its money in euros, pounds or francs, and in nothing else: its sums are judged as if they were dollars.
[[nodiscard]] bool counts_in_other_money(std::string_view text);
[[nodiscard]] std::string as_dollars(std::string line);

/// The parts of a normalised line between full stops (. 。 ; ！).
[[nodiscard]] std::vector<std::string> sentences(const std::string& line);

/// A number that begins at `at`; none if there is no digit, or letters that are no unit are joined to it.
[[nodiscard]] std::optional<Number> read_number(const std::string& s, std::size_t at);
/// The unit at or after spaces from `at`; kind none where there is none.
[[nodiscard]] Unit read_unit(const std::string& s, std::size_t at, const Number& number);

/// Every number of a sentence, in order, with its kind.
[[nodiscard]] std::vector<Quantity> quantities(const std::string& sentence);
/// Kinds that take more than the next word: tokens a second, nats, watts, kWh, layers; and what is said to be about so much.
void read_measures(const std::string& sentence, std::vector<Quantity>& all);

inline constexpr double kLeastLoss = .3;  ///< nats; what is smaller is a difference
void become(Quantity& q, Kind kind, double factor);

/// 5.4e20 to 1.08e21 FLOPs, 40 and 20 tokens per parameter, 1.5億, 4億, 10億パラメータ, losses of 3.2, 2.9 and 2.7: a list says
/// its unit once, behind its last number or before its first.
void share_units(const std::string& sentence, std::vector<Quantity>& all);

/// 435 TFLOP/s, MFU 44 %: what was reached, where a peak times the utilisation is that.
void mark_achieved(std::vector<Quantity>& all);

/// Two kinds of loss that a text has paired, and what joined them.
struct PairOfKinds {
  Kind first = Kind::none, second = Kind::none;
  std::string joint;
};
/// "A loss of 2.2 is a perplexity of 9.0, 2.1 is 8.2": a list goes on as its first pair began, in later sentences too.
void carry_pairs(const std::string& sentence, std::vector<Quantity>& all, std::optional<PairOfKinds>& last);

/// What a column or a key counts.
struct Column {
  Kind kind = Kind::none;
  double factor = 1;  ///< to plain units
};
[[nodiscard]] Column column_of(const std::string& label);
[[nodiscard]] Kind kind_of_label(const std::string& label);
void count_as(Quantity& q, const Column& column);
/// A number of a table's cell: as its own unit says, else as the column does.
[[nodiscard]] std::optional<Quantity> cell_quantity(const std::string& cell, const Column& column);

/// Case-insensitive search of ASCII words (whole) and Japanese ones (anywhere).
[[nodiscard]] bool mentions(const std::string& s, std::string_view word);
[[nodiscard]] bool mentions_any(const std::string& s, const std::vector<std::string_view>& words);
[[nodiscard]] std::size_t find_word(const std::string& s, std::string_view word, std::size_t from = 0);

[[nodiscard]] bool is_extra(const std::string& s, const Quantity& q);  ///< plus 4 hours of something else
[[nodiscard]] bool mentions_budget(const std::string& s);              ///< what may be spent, not what was
[[nodiscard]] bool mentions_other_costs(const std::string& s);         ///< money for something but devices

[[nodiscard]] bool is_japanese(const std::string& text);  ///< a fifth of its letters or more are kana or kanji

}  // namespace isoflop::plan
