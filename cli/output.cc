// How the program speaks: help, tables, JSON, progress.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "cli/command.h"
#include "cli/signals.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;

// isoflop::Fault in a user's words; README.md has the same numbers
constexpr const char* kExitCodes = R"(
Exit codes:
  0    done
  1    failed in a way that has no code of its own: not enough memory, another process writes the run
  2    the command line: a flag, a command or a word that is not known
  65   an input or a stored file was read and is not what it must be
  66   an input is not there
  74   the disk is full, or a file or folder cannot be read or written
  75   stopped by SIGTERM or SIGUSR1; what was done is saved, the same command goes on
  78   a study or a model's shape that cannot be meant
  79   a run diverged: its loss or gradient is not a finite number
  130  stopped by Ctrl-C; what was done is saved, the same command goes on
)";

// the example stands first, then what the command does, then its flags
class ExampleFirst : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    std::string text = "Example: " + app->get_footer() + "\n\n" + app->get_description() + "\n\n";
    text += make_usage(app, name);
    text += make_positionals(app);
    text += make_groups(app, mode);
    text += make_subcommands(app, mode);
    if (app->get_parent() == nullptr) text += kExitCodes;
    return text;
  }
};

bool terminal() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::string(term) != "dumb");
}

bool line_is_open = false;

// columns of a UTF-8 text on a terminal, near enough: code points
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool numeric(const std::string& text) {
  return text.empty() || text == "-" || text.find_first_not_of("0123456789.,+-e %kMGT") == std::string::npos;
}

std::string duration(double seconds) {
  char text[32];
  if (seconds < 100) {
    std::snprintf(text, sizeof text, "%.0f s", seconds);
  } else {
    std::snprintf(text, sizeof text, "%.0f min", std::ceil(seconds / 60));
  }
  return text;
}

}  // namespace

void style(CLI::App& app, const std::string& example) {
  app.formatter(std::make_shared<ExampleFirst>());
  app.footer(example);
}

CLI::App* add_command(CLI::App& parent, Globals& globals, const std::string& name, const std::string& what,
                      const std::string& example) {
  CLI::App* app = parent.add_subcommand(name, what);
  style(*app, example);
  app->add_flag("--json", globals.json, "the result as one JSON object on stdout");
  app->add_flag("--quiet", globals.quiet, "no progress, no log");
  return app;
}

std::string usage_problem(const CLI::App& app, const CLI::ParseError& error) {
  std::string problem = error.what();
  std::vector<std::string> commands;
  for (const CLI::App* sub : app.get_subcommands({})) commands.push_back(sub->get_name());

  if (problem == CLI::RequiredError::Subcommand(1).what()) {
    for (const std::string& word : app.remaining()) {
      if (word.starts_with('-')) continue;
      const auto near = isoflop::nearest(word, commands);
      return "unknown command `" + word + "`" + (near ? "; did you mean " + *near + "?" : "");
    }
    std::string known;
    for (const std::string& command : commands) known += (known.empty() ? "" : ", ") + command;
    return "no command given, expected one of " + known;
  }
  // CLI11: "--flag: At Most 1 required but received 2"
  if (const auto at = problem.find(": At Most "); at != std::string::npos) {
    const std::string received = problem.substr(problem.rfind(' ') + 1);
    return problem.substr(0, at) + " was given " + received + " times, expected once";
  }
  const std::string prefix = "The following argument was not expected: ";
  const std::string several = "The following arguments were not expected: ";
  for (const std::string& start : {prefix, several}) {
    if (problem.rfind(start, 0) != 0) continue;
    // of several the first flag: the others are likely its values
    std::string word = problem.substr(start.size());
    if (const auto flag = word.find("--"); flag != std::string::npos) word = word.substr(flag);
    word = word.substr(0, word.find_first_of(" ,"));
    problem = "unknown flag or word `" + word + "`";
    std::vector<std::string> known = commands;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    if (const auto near = isoflop::nearest(word, known)) problem += "; did you mean " + *near + "?";
  }
  return problem;
}

std::string made_by() {
  return "isoflop " ISOFLOP_VERSION;
}

void print_json(const Json& object) {
  Json whole{{"schema_version", 1}};
  whole.update(object);
  const std::string text = whole.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw isoflop::Error(isoflop::Fault::io, "standard output", "cannot be written");
  }
}

void print_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(header.size());
  std::vector<bool> right(header.size(), true);
  for (std::size_t c = 0; c < header.size(); ++c) {
    widths[c] = width(header[c]);
    for (const auto& row : rows) {
      widths[c] = std::max(widths[c], width(row[c]));
      right[c] = right[c] && numeric(row[c]);
    }
  }
  const auto print_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string pad(widths[c] - width(row[c]), ' ');
      if (c > 0) line += "  ";
      line += right[c] ? pad + row[c] : row[c] + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  };
  print_row(header);
  for (const auto& row : rows) print_row(row);
}

void end_progress_line() {
  if (line_is_open) std::fputc('\n', stderr);
  line_is_open = false;
}

isoflop::ProgressFn progress_to_stderr(const Globals& globals) {
  if (globals.quiet) return {};
  struct State {
    std::string stage;
    Clock::time_point began, shown;
    double began_at = 0;
    bool any = false;
  };
  const auto state = std::make_shared<State>();
  const bool redraw = terminal();
  return [state, redraw](const isoflop::Progress& p) {
    const auto now = Clock::now();
    const auto since = [&](Clock::time_point t) { return std::chrono::duration<double>(now - t).count(); };
    const bool last = p.total > 0 && p.done >= p.total;
    if (!state->any || state->stage != p.stage) {
      *state = State{std::string(p.stage), now, now, p.done, true};
      if (!redraw && !last) return;
    } else if (!last && since(state->shown) < (redraw ? 0.1 : 10.0)) {
      return;
    }
    state->shown = now;

    std::string line = std::string(p.stage);
    char number[96];
    if (p.total > 0) {
      std::snprintf(number, sizeof number, "  %3.0f %%  %.0f / %.0f %s", 100 * p.done / p.total, p.done, p.total,
                    std::string(p.unit).c_str());
    } else {
      std::snprintf(number, sizeof number, "  %.0f %s", p.done, std::string(p.unit).c_str());
    }
    line += number;
    if (!p.detail.empty()) line += "  " + std::string(p.detail);
    const double moved = p.done - state->began_at;
    if (!last && p.total > 0 && moved > 0 && since(state->began) > 0.5)
      line += "  " + duration(since(state->began) / moved * (p.total - p.done)) + " left";
    if (redraw) {
      std::fprintf(stderr, "\r\033[K%s%s", line.c_str(), last ? "\n" : "");
      line_is_open = !last;
    } else {
      std::fprintf(stderr, "%s\n", line.c_str());
    }
    std::fflush(stderr);
  };
}

std::int64_t threads_of(std::int64_t asked) { return asked > 0 ? asked : std::max(1U, std::thread::hardware_concurrency()); }

void note(const Globals& globals, const std::string& line) {
  if (globals.quiet) return;
  end_progress_line();
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace cli
