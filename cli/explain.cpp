// SPDX-License-Identifier: Apache-2.0
#include <iterator>
#include <ostream>

#include "base/command_line.h"
#include "cli/cluster_input.h"
#include "cli/input.h"
#include "cli/request.h"

namespace smic::cli {
namespace {

enum class Engine { evaluate, native };

struct Options {
  Request request;
  std::string requests;  // a file of them instead
  bool json = false;
  Engine engine = Engine::native;
  ClusterInput cluster;
  CompileOptions compile;
  std::string mesh_ranges = controller::kDefaultMeshRanges;
};

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic explain";
  syntax.operands = "[PATH...]";
  syntax.about =
      "Says what happens to a request, and which resource lines decide: where it is forwarded, or "
      "why\n"
      "it is denied and what would have to differ. --from and --to are needed, or --requests. "
      "PATHs are\n"
      "manifests; with --kubeconfig it is about what a cluster has.";
  syntax.options = request_options(options.request);
  std::vector<Option> others = {
      text("--requests", "FILE", options.requests,
           "many requests at once: a line each, in the words of the\n"
           "options above; answered in order"),
      choice<Engine>("--engine", {{"native", Engine::native}, {"evaluate", Engine::evaluate}},
                     options.engine,
                     "who answers: the compiled image, checked against the\n"
                     "interpreter, or the interpreter alone (default: native)"),
      choice<bool>("--format", {{"human", false}, {"json", true}}, options.json,
                   "json is one document, or one a line for --requests\n"
                   "(default: human)"),
      text("--mesh-ranges", "CIDR,...", options.mesh_ranges,
           "of the cluster's mesh addresses, to show the Service's\n"
           "(default: 240.0.0.0/7,fd73:6d69:6300::/48)")};
  std::ranges::move(others, std::back_inserter(syntax.options));
  add_cluster_options(options.cluster, options.compile.model, syntax.options);
  add_meaning_options(options.compile.model, syntax.options);
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
      "--format=json\n"
      "  smic explain --kubeconfig ~/.kube/config --from a/b --to c.d\n\n"
      "exit: 0 an outcome, whichever, 1 the world failed, 2 as 0 but the input has errors (and "
      "what\n"
      "has one is left out), 64 wrong usage";
  return syntax;
}

// The one request of the command line, or those of the file.
std::expected<std::vector<Request>, std::string> requests_of(const Options& options) {
  if (options.requests.empty()) {
    std::vector<Request> one = {options.request};
    if (auto fine = check(one.front()); !fine) return UsageError(fine.error());
    return one;
  }
  const Query& query = options.request.query;
  if (!query.from.name.empty() || !query.to.name.empty()) {
    return UsageError("--requests asks for what its lines say, without --from and --to");
  }
  const auto text = read_input({options.requests});
  if (!text) return UsageError("--requests: " + text.error().message);
  auto requests = read_requests(text->text(SourceId(0)));
  if (!requests) return UsageError(options.requests + ": " + requests.error());
  return requests;
}

class Explainer {
 public:
  Explainer(const Frontend& front, const Options& options, const controller::MeshRanges& ranges,
            Console& console)
      : front_(front),
        options_(options),
        console_(console),
        natives_(options.compile),
        addresses_(front, ranges) {}

  // The exit code if that is the end.
  std::optional<int> explain_all(std::vector<Request> requests, const Syntax& syntax) {
    for (Request& request : requests) {
      auto chosen = choose_port(request, front_);
      if (chosen) chosen = choose_source(request, front_);
      if (!chosen) return wrong_usage(syntax, place_of(request) + chosen.error(), console_.err);
      auto explanation = explain(front_, request.query, engine());
      if (!explanation) return world_failed("explain", explanation.error(), console_);
      explanation->place = addresses_.of(request.query.to);
      show(request.query, *explanation);
    }
    return std::nullopt;
  }

 private:
  NativeUnits* engine() { return options_.engine == Engine::native ? &natives_ : nullptr; }

  std::string place_of(const Request& request) const {
    if (options_.requests.empty()) return {};
    return options_.requests + ": line " + std::to_string(request.line) + ": ";
  }

  void show(const Query& query, const Explanation& explanation) {
    const std::string between = options_.requests.empty() ? "\n " : " ";
    console_.out << (options_.json ? render_json(query, explanation, between)
                                   : render_human(query, explanation, console_.colour_out()));
  }

  const Frontend& front_;
  const Options& options_;
  Console& console_;
  NativeUnits natives_;
  MeshAddresses addresses_;
};

}  // namespace

int run_explain(Words words, Console& console) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const auto begun = start(syntax, words, console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;
  if (const auto fine = check(options.cluster, begun.operands); !fine) {
    return wrong_usage(syntax, fine.error(), console.err);
  }
  auto requests = requests_of(options);
  if (!requests) return wrong_usage(syntax, requests.error(), console.err);
  const auto ranges = controller::MeshRanges::parse(options.mesh_ranges);
  if (!ranges) return wrong_usage(syntax, "--mesh-ranges: " + ranges.error().message, console.err);
  const auto sources = read_input(options.cluster, begun.operands, options.compile.model);
  if (!sources) return world_failed("explain", sources.error(), console);

  Diagnostics diagnostics(*sources);
  const Frontend front = analyze(*sources, options.compile, diagnostics);
  if (diagnostics.has_errors()) show_diagnostics(diagnostics, console);
  Explainer explainer(front, options, *ranges, console);
  if (const auto ended = explainer.explain_all(std::move(*requests), syntax)) return *ended;
  return code_of(diagnostics);
}

}  // namespace smic::cli
