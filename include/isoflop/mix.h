// Several sources mixed into one corpus: by weights, to an exact budget, with as many epochs of a source as that takes and a cap
// allows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/corpus.h"

namespace isoflop {

/// A published mixture (data/mixtures.toml, embedded at build).
struct MixturePreset {
  std::string name, title, source;
  std::vector<std::pair<std::string, double>> weights;  ///< by domain; they sum to 1
};
[[nodiscard]] const std::vector<MixturePreset>& mixture_presets();

/// What the budget is counted in, and what a document costs.
struct MixUnit {
  std::string name = "characters";                     ///< tokens | characters | bytes
  std::function<std::int64_t(std::string_view)> cost;  ///< of a document; empty: characters
  std::int64_t least = 1;  ///< of a document that holds anything: 2 where an end-of-text token is counted
};

struct MixOptions {
  /// How the budget is shared, one of the three. Weights are by source (a source's name, or its name without its ending).
  std::vector<std::pair<std::string, double>> weights;
  std::optional<double>
      temperature;     ///< weight ~ size^temperature: 1 natural proportions, 0 all alike (Devlin et al. 2018, mBERT: 0.7)
  std::string preset;  ///< a published mixture by name
  std::vector<std::pair<std::string, std::string>>
      as;                  ///< preset: source -> its domain; a source of the domain's name needs none
  bool normalise = false;  ///< weights that do not sum to 1 are scaled

  std::int64_t budget = 0;  ///< in `unit`
  MixUnit unit;
  double max_epochs = 4;  ///< of any source; beyond about four, repeated text is worth less (Muennighoff et al. 2023)
  std::uint64_t seed = 0;
  std::int64_t part_bytes = std::int64_t{32} << 20;  ///< of text in a file of the mixture, about
};

/// Throws usage, naming the option: what can be told without the text.
void validate(const MixOptions& options);

struct MixSource {
  std::string name;
  double weight = 0;                     ///< as asked for
  double share = 0;                      ///< of the budget, after the cap
  std::int64_t documents = 0, size = 0;  ///< what there is
  std::int64_t taken = 0;                ///< what the mixture holds of it, repetitions counted
  double epochs = 0;                     ///< taken / size
  std::int64_t written = 0;              ///< documents, repetitions counted
  bool capped = false;
};

struct MixFile {
  std::string name, sha256;
  std::int64_t documents = 0, bytes = 0;
};

struct MixWarning {
  std::string code, text;
};

struct MixReport {
  std::string content_id;  ///< of the text that was read
  std::string unit;
  std::int64_t budget = 0, taken = 0;
  std::uint64_t seed = 0;
  double max_epochs = 0;
  std::vector<MixSource> sources;  ///< those with a weight, by name
  std::vector<MixFile> files;      ///< empty for a plan
  std::vector<MixWarning> warnings;
};

/// What a mixture will hold: reads the text twice. Memory grows with documents alone: four bytes each beside the corpus' own 32.
///
/// Needs    `corpus` with nothing held out (SplitKind::none): its units, documents or pieces of long ones, are what is taken.
/// Result   each source has its weight of the budget, whole numbers that sum to it; a source that would need more than
///          max_epochs gives what the cap allows, and the others take its rest by their weights. Whole epochs hold every
///          document, the last one those that come first in a seeded order; one document a source is cut so that the sum is
///          exact, two where one cut would leave less than a document can hold.
/// Throws   usage (what validate refuses, an unknown source with the nearest, a budget that the cap cannot fill), bad_data,
///          stopped.
/// Checked  mix_test.cc
[[nodiscard]] MixReport plan_mixture(const Corpus& corpus, const MixOptions& options, std::stop_token stop = {},
                                     const ProgressFn& progress = {});

/// The same, written: `folder`/part-NNNNN.jsonl ({"source", "text"} a line, in a seeded order over all sources) and mix.json
/// (docs/formats/data-mix.md). Same text and options, same bytes. A part is held in memory; there are 512 at most, so that parts
/// and memory grow with a mixture beyond 512 times part_bytes (16 GiB).
///
/// Needs    a folder that does not exist, is empty, or holds an earlier mixture, which is replaced
/// Result   `taken` is the budget; short of it by less than a character for bytes, and for tokens where no beginning of the
///          document to cut has as many as are left.
/// Throws   as plan_mixture; usage (`folder` holds other files, or what is read); io (disk full: nothing is left under the
///          folder's name).
[[nodiscard]] MixReport write_mixture(const Corpus& corpus, const MixOptions& options, const std::string& folder,
                                      std::stop_token stop = {}, const ProgressFn& progress = {});

[[nodiscard]] std::string to_json(const MixReport& report);

}  // namespace isoflop
