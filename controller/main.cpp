// SPDX-License-Identifier: Apache-2.0
// smic-controller, in its first form: a directory of manifests in, a directory for proxies out.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "controller/controller.h"
#include "controller/publish.h"

namespace {

using namespace smic;

constexpr int kWrongUsage = 64;

constexpr std::string_view kHelp =
    "usage: smic-controller --resources=DIR --out=DIR [--access=enforce|permissive]\n"
    "\n"
    "Compiles the manifests of a directory and writes what a proxy enforces, on every change:\n"
    "OUT/manifest.json, replaced in one step, and OUT/images/, a file per image.\n"
    "A proxy follows with: smic-proxy --manifest OUT/manifest.json\n"
    "\n"
    "options:\n"
    "  --resources=DIR             manifests, watched; an edit with a new error is reported and\n"
    "                              the last good version stays\n"
    "  --out=DIR                   made if it does not exist\n"
    "  --access=enforce|permissive for namespaces without the label smic.dev/access\n"
    "                              (default: enforce)\n"
    "  --help                      this text\n"
    "\n"
    "It does not speak to a Kubernetes API yet.\n"
    "exit: 0 after SIGINT or SIGTERM, 1 the world failed, 64 wrong usage\n";

struct Options {
  std::string resources;
  std::string out;
  CompileOptions compile;
  bool help = false;
};

// True and `value` set if the word at `at` is `name=VALUE` or `name VALUE`.
bool takes(std::string_view name, int argc, char** argv, int& at, std::string& value) {
  const std::string_view word = argv[at];
  if (word == name && at + 1 < argc) {
    value = argv[++at];
    return true;
  }
  if (!word.starts_with(name) || word.substr(name.size(), 1) != "=") return false;
  value = word.substr(name.size() + 1);
  return true;
}

// Nothing, or what is wrong with the command line.
std::string parse(int argc, char** argv, Options& options) {
  for (int at = 1; at < argc; ++at) {
    std::string access;
    if (std::string_view(argv[at]) == "--help") {
      options.help = true;
      return {};
    }
    if (takes("--resources", argc, argv, at, options.resources)) continue;
    if (takes("--out", argc, argv, at, options.out)) continue;
    if (!takes("--access", argc, argv, at, access)) {
      return "`" + std::string(argv[at]) + "` is not understood";
    }
    if (access != "enforce" && access != "permissive") {
      return "--access: `" + access + "` is neither enforce nor permissive";
    }
    options.compile.model.access =
        access == "enforce" ? ir::AccessMode::enforce : ir::AccessMode::permissive;
  }
  if (options.resources.empty()) return "it needs --resources=DIR";
  if (options.out.empty()) return "it needs --out=DIR";
  return {};
}

// Publishes versions, and tells why one is not.
class Publisher {
 public:
  explicit Publisher(const Options& options) : options_(options) {}

  void on_update(const Result<controller::Update>& update, const Diagnostics& diagnostics) {
    std::cerr << render(diagnostics, DiagnosticsFormat::plain) << std::flush;
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
  void refuse(const Error& error) {
    log_error("not published",
              {{"reason", error.message}, {"version_in_force", std::to_string(published_)}});
  }

  const Options& options_;
  std::uint64_t published_ = 0;
};

int run(const Options& options, const sigset_t& signals) {
  auto source = controller::DirectorySource::watch(options.resources);
  if (!source) {
    std::cerr << "smic-controller: " << source.error().message << '\n';
    return 1;
  }
  log_info("smic-controller", {{"resources", options.resources}, {"out", options.out}});
  Publisher publisher(options);
  controller::Reconciler reconciler(options.compile, controller::loopback_plan());
  std::thread waiter([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    (*source)->stop();
  });
  controller::follow(**source, reconciler, [&](const auto& update, const auto& diagnostics) {
    publisher.on_update(update, diagnostics);
  });
  waiter.join();
  return publisher.ever() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (const std::string wrong = parse(argc, argv, options); !wrong.empty()) {
    std::cerr << "smic-controller: " << wrong << " (smic-controller --help)\n";
    return kWrongUsage;
  }
  if (options.help) {
    std::cout << kHelp;
    return 0;
  }
  // Blocked before any thread exists, so that the one that waits gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return run(options, signals);
}
