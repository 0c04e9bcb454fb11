// SPDX-License-Identifier: Apache-2.0
// smic-controller: a cluster or a directory of manifests in, a directory for proxies out.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "base/command_line.h"
#include "base/log.h"
#include "controller/controller.h"
#include "controller/publish.h"
#include "controller/source/source.h"

namespace {

using namespace smic;

struct Options {
  std::string resources;
  std::string kubeconfig;
  std::string context;
  std::string out;
  CompileOptions compile;
};

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic-controller";
  syntax.most = 0;
  syntax.about =
      "Compiles the resources of a cluster, or the manifests of a directory, and writes what a "
      "proxy\n"
      "enforces, on every change: OUT/manifest.json, replaced in one step, and OUT/images/, a file "
      "per\n"
      "image. A proxy follows with `smic-proxy --manifest OUT/manifest.json`. --out is needed. "
      "Without\n"
      "--resources and --kubeconfig it expects to run in a pod of the cluster.";
  syntax.options = {
      text("--resources", "DIR", options.resources,
           "manifests, watched; an edit with a new error is reported\n"
           "and the last good version stays"),
      text("--kubeconfig", "FILE", options.kubeconfig,
           "where the Kubernetes API is and who we are; deploy/rbac has the\n"
           "rights it needs"),
      text("--context", "NAME", options.context, "of the kubeconfig (default: its current one)"),
      text("--out", "OUT", options.out, "made if it does not exist"),
      choice<ir::AccessMode>(
          "--access",
          {{"enforce", ir::AccessMode::enforce}, {"permissive", ir::AccessMode::permissive}},
          options.compile.model.access,
          "for namespaces without the label smic.dev/access\n"
          "(default: enforce)")};
  syntax.ending = "exit: 0 after SIGINT or SIGTERM, 1 the world failed, 64 wrong usage";
  return syntax;
}

// Publishes versions, and tells why one is not.
class Publisher {
 public:
  explicit Publisher(const Options& options) : options_(options) {}

  void on_update(const Result<controller::Update>& update, const Diagnostics& diagnostics) {
    tell(render(diagnostics, DiagnosticsFormat::plain));
    if (!update) return refuse(update.error());
    if (update->manifest.version == published_) return;
    if (auto done = controller::publish(*update, options_.out); !done) return refuse(done.error());
    published_ = update->manifest.version;
    log_info("published", {{"version", std::to_string(published_)},
                           {"units", std::to_string(update->manifest.units.size())},
                           {"compiled", std::to_string(update->compiled)},
                           {"seconds", std::to_string(update->seconds)}});
  }

  bool ever() const { return published_ > 0; }

 private:
  // Mistakes that stand for long are told once, not at every change of something else.
  void tell(std::string diagnostics) {
    if (diagnostics == told_) return;
    std::cerr << diagnostics << std::flush;
    told_ = std::move(diagnostics);
  }

  void refuse(const Error& error) {
    log_error("not published",
              {{"reason", error.message}, {"version_in_force", std::to_string(published_)}});
  }

  const Options& options_;
  std::uint64_t published_ = 0;
  std::string told_;
};

// Secrets stay out of the log: a configuration is told by its address.
Result<std::unique_ptr<source::Source>> cluster(const Result<kube::Config>& config) {
  if (!config) return std::unexpected(config.error());
  log_info("watching", {{"server", config->server()}});
  return source::watch_cluster(*config);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::unique_ptr<source::Source>> source_of(const Options& options) {
  if (!options.resources.empty()) return source::watch_directory(options.resources);
  if (!options.kubeconfig.empty()) {
    return cluster(kube::read_kubeconfig(options.kubeconfig, options.context));
  }
  return cluster(kube::in_cluster(environment("KUBERNETES_SERVICE_HOST"),
                                  environment("KUBERNETES_SERVICE_PORT")));
}

int run(const Options& options, const sigset_t& signals) {
  auto source = source_of(options);
  if (!source) {
    std::cerr << "smic-controller: " << source.error().message << '\n';
    return kWorldFailed;
  }
  log_info(
      "smic-controller",
      {{"resources", options.resources}, {"kubeconfig", options.kubeconfig}, {"out", options.out}});
  Publisher publisher(options);
  const auto on_mistake = options.resources.empty() ? controller::OnMistake::leave_out
                                                    : controller::OnMistake::keep_version;
  controller::Reconciler reconciler(options.compile, controller::loopback_plan(), on_mistake);
  std::thread waiter([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    (*source)->stop();
  });
  controller::follow(**source, reconciler, [&](const auto& update, const auto& diagnostics) {
    publisher.on_update(update, diagnostics);
  });
  waiter.join();
  return publisher.ever() ? kDone : kWorldFailed;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto begun = start(syntax, words, std::cout, std::cerr);
  if (begun.exit_code) return *begun.exit_code;
  if (options.out.empty()) return wrong_usage(syntax, "it needs --out=OUT", std::cerr);
  if (!options.resources.empty() && !options.kubeconfig.empty()) {
    return wrong_usage(syntax, "--resources and --kubeconfig exclude each other", std::cerr);
  }
  if (!options.context.empty() && options.kubeconfig.empty()) {
    return wrong_usage(syntax, "--context is of a --kubeconfig", std::cerr);
  }
  // Blocked before any thread exists, so that the one that waits gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return run(options, signals);
}
