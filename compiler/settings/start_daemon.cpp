// SPDX-License-Identifier: Apache-2.0
// Tested by settings_test.cpp.
#include <ostream>

#include "compiler/resources/resources.h"
#include "compiler/settings/settings.h"

namespace smic::settings {
namespace {

// The command line is read twice, first for the file's name alone, then over the file.
Syntax for_the_file_alone(const Syntax& syntax) {
  Syntax only = syntax;
  for (Option& option : only.options) {
    if (option.name != "--config") option.take = [](const std::string&) -> Taken { return {}; };
  }
  return only;
}

struct Failure {
  int exit_code;
  std::string text;
};

std::optional<Failure> take_file(const Daemon& daemon) {
  if (daemon.config->empty()) return std::nullopt;
  const auto sources = resources::read_paths({*daemon.config});
  if (!sources) return Failure{kWorldFailed, sources.error().message + '\n'};
  Diagnostics diagnostics(*sources);
  take(daemon.syntax, *sources, diagnostics);
  if (diagnostics.empty()) return std::nullopt;
  return Failure{kInputHasErrors, render(diagnostics, DiagnosticsFormat::human)};
}

}  // namespace

Option config_option(std::string& file) {
  return text("--config", "FILE", file,
              "settings: YAML, a key per option without its dashes;\n"
              "what is said here wins");
}

void add_log_options(LogFormat& format, LogLevel& level, std::vector<Option>& options) {
  options.push_back(choice<LogFormat>("--log",
                                      {{"text", LogFormat::text}, {"json", LogFormat::json}},
                                      format, "on stderr (default: text)"));
  options.push_back(choice<LogLevel>("--log-level",
                                     {{"debug", LogLevel::debug},
                                      {"info", LogLevel::info},
                                      {"warning", LogLevel::warning},
                                      {"error", LogLevel::error}},
                                     level, "the least to tell (default: info)"));
}

std::optional<int> start(const Daemon& daemon, Words words, std::ostream& out, std::ostream& err) {
  const Start begun = smic::start(for_the_file_alone(daemon.syntax), words, out, err);
  if (begun.exit_code) return begun.exit_code;
  if (const auto failure = take_file(daemon)) {
    if (failure->exit_code == kWorldFailed) err << daemon.syntax.command << ": ";
    err << failure->text;
    return failure->exit_code;
  }
  return smic::start(daemon.syntax, words, out, err).exit_code;
}

Result<void> read_again(const Daemon& daemon, Words words) {
  if (auto name = parse(for_the_file_alone(daemon.syntax), words); !name) return fail(name.error());
  if (const auto failure = take_file(daemon)) return fail(failure->text);
  if (auto parsed = parse(daemon.syntax, words); !parsed) return fail(parsed.error());
  return {};
}

void log_in_force(const Syntax& syntax) {
  const auto values = in_force(syntax);
  std::vector<LogField> fields;
  for (const auto& [name, value] : values) fields.push_back({name, value});
  log_line(LogLevel::info, syntax.command, fields);
}

}  // namespace smic::settings
