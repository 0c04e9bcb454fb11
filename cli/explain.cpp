// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <ostream>

#include "base/command_line.h"
#include "cli/explanation.h"
#include "cli/input.h"
#include "runtime/proxy/normalise.h"

namespace smic::cli {
namespace {

struct Options {
  Query query;
  bool port_given = false;
  bool json = false;
  Engine engine = Engine::native;
  CompileOptions compile;
};

// "shop/web" or "spiffe-like"? Only NAMESPACE/SERVICEACCOUNT.
Taken take_identity(const std::string& given, ir::Identity& identity) {
  const auto slash = given.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == given.size() ||
      given.find('/', slash + 1) != std::string::npos) {
    return UsageError("`" + given + "` is not NAMESPACE/SERVICEACCOUNT");
  }
  identity = {given.substr(0, slash), given.substr(slash + 1)};
  return {};
}

Taken take_port(const std::string& given, Options& options) {
  const char* end = given.data() + given.size();
  const auto [stopped, error] = std::from_chars(given.data(), end, options.query.port);
  if (error != std::errc() || stopped != end || options.query.port == 0) {
    return UsageError("`" + given + "` is not a port");
  }
  options.port_given = true;
  return {};
}

// SERVICE.NAMESPACE, with what people append: a trailing dot, .mesh, .svc, .svc.cluster.local.
Taken take_service(const std::string& given, Options& options) {
  std::string name = given;
  if (const auto colon = name.rfind(':'); colon != std::string::npos) {
    if (auto port = take_port(name.substr(colon + 1), options); !port) return port;
    name.resize(colon);
  }
  if (name.ends_with('.')) name.pop_back();
  const auto first = name.find('.');
  const auto second = first == std::string::npos ? first : name.find('.', first + 1);
  const std::string zone = second == std::string::npos ? "" : name.substr(second + 1);
  const bool zone_known =
      zone.empty() || zone == "mesh" || zone == "svc" || zone.starts_with("svc.");
  const std::string ns =
      first == std::string::npos
          ? ""
          : name.substr(first + 1,
                        second == std::string::npos ? std::string::npos : second - first - 1);
  if (first == 0 || ns.empty() || !zone_known) {
    return UsageError("`" + given + "` is not SERVICE.NAMESPACE[:PORT]");
  }
  options.query.to = {ns, name.substr(0, first)};
  return {};
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Taken take_header(const std::string& given, Query& query) {
  const auto colon = given.find(':');
  if (colon == 0 || colon == std::string::npos) {
    return UsageError("`" + given + "` is not 'name: value'");
  }
  std::string name = trimmed(given.substr(0, colon));
  for (char& letter : name) letter = static_cast<char>(std::tolower(letter));
  query.headers.emplace_back(std::move(name), trimmed(given.substr(colon + 1)));
  return {};
}

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic explain";
  syntax.operands = "PATH...";
  syntax.least = 1;
  syntax.about =
      "Says what happens to a request, and which resource lines decide: where it is forwarded, or "
      "why\n"
      "it is denied and what would have to differ. --from and --to are needed.";
  syntax.options = {
      {"--from", "NAMESPACE/SERVICEACCOUNT", "who calls",
       [&options](const std::string& given) { return take_identity(given, options.query.from); }},
      {"--to", "SERVICE.NAMESPACE[:PORT]", "whom; the port may be left out if there is only one",
       [&options](const std::string& given) { return take_service(given, options); }},
      text("--method", "METHOD", options.query.method, "(default: GET)"),
      text("--path", "PATH", options.query.path, "normalised as the proxy does it (default: /)"),
      {"--header", "'NAME: VALUE'", "a header line; may be repeated",
       [&options](const std::string& given) { return take_header(given, options.query); }},
      access_option(options.compile.model.access),
      choice<Engine>("--engine", {{"native", Engine::native}, {"evaluate", Engine::evaluate}},
                     options.engine,
                     "who answers: the compiled image, checked against the\n"
                     "interpreter, or the interpreter alone (default: native)"),
      choice<bool>("--format", {{"human", false}, {"json", true}}, options.json,
                   "(default: human)")};
  syntax.ending =
      "outcomes:\n"
      "  forward          a backend with weight and a ready endpoint may be sent the request\n"
      "  deny             no TrafficTarget allows it (403)\n"
      "  unavailable      no backend can take it (503)\n"
      "  unknown-service  no such service or port in the mesh\n\n"
      "examples:\n"
      "  smic explain examples/canary --from shop/web --to reviews.shop --path /reviews/7\n"
      "  smic explain examples/headers --from shop/web --to reviews.shop --header 'cookie: "
      "insider=1'\n"
      "  kubectl get all,ts,tt,htr -A -o yaml | smic explain - --from a/b --to c.d "
      "--format=json\n\n"
      "exit: 0 an outcome, whichever, 1 the world failed, 2 as 0 but the input has errors (and "
      "what\n"
      "has one is left out), 64 wrong usage";
  return syntax;
}

// What the table of options cannot say.
Taken check_options(const Options& options) {
  if (options.query.from.name.empty())
    return UsageError("it needs --from=NAMESPACE/SERVICEACCOUNT");
  if (options.query.to.name.empty()) return UsageError("it needs --to=SERVICE.NAMESPACE[:PORT]");
  return {};
}

// The path as rules see it (D-3): without query, normalised; what the proxy refuses is no question.
Taken normalise(Query& query) {
  query.path.resize(std::min(query.path.size(), query.path.find_first_of("?#")));
  std::string scratch;
  const auto path = proxy::normalise_path(query.path, scratch);
  if (!query.path.starts_with('/') || !path) {
    return UsageError("--path: a proxy answers `" + query.path + "` with 400 (bad request)");
  }
  query.path = std::string(*path);
  return {};
}

// A port that was left out is the only one.
Taken choose_port(const Frontend& front, Options& options) {
  if (options.port_given) return {};
  const std::vector<ir::Port> ports = ports_of(front, options.query.to);
  if (ports.size() > 1) {
    std::vector<std::string> words;
    for (ir::Port port : ports) words.push_back(std::to_string(port));
    return UsageError("--to: " + ir::to_string(options.query.to) +
                      " has several ports: " + join_words(words, ", "));
  }
  if (!ports.empty()) options.query.port = ports.front();
  return {};
}

}  // namespace

int run_explain(Words words, Console& console) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const auto begun = start(syntax, words, console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;
  if (auto fine = check_options(options); !fine)
    return wrong_usage(syntax, fine.error(), console.err);
  if (auto fine = normalise(options.query); !fine) {
    return wrong_usage(syntax, fine.error(), console.err);
  }
  const auto sources = read_input(begun.operands);
  if (!sources) return world_failed("explain", sources.error(), console);

  Diagnostics diagnostics(*sources);
  const Frontend front = analyze(*sources, options.compile, diagnostics);
  if (diagnostics.has_errors()) show_diagnostics(diagnostics, console);
  if (auto port = choose_port(front, options); !port) {
    return wrong_usage(syntax, port.error(), console.err);
  }
  const auto explanation = explain(front, options.query, options.engine, options.compile);
  if (!explanation) return world_failed("explain", explanation.error(), console);
  console.out << (options.json ? render_json(options.query, *explanation)
                               : render_human(options.query, *explanation, console.colour_out()));
  return code_of(diagnostics);
}

}  // namespace smic::cli
