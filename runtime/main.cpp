// SPDX-License-Identifier: Apache-2.0
// smic-proxy: enforces a manifest and its images from files, and follows them. The subscription to
// a controller will be another source of the same two things.
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "base/log.h"
#include "runtime/proxy/proxy.h"

namespace {

using namespace smic;

constexpr int kWrongUsage = 64;
constexpr unsigned kMostWorkers = 1024;
constexpr std::chrono::seconds kDrainDeadline{30};
constexpr timespec kFollowInterval{0, 200'000'000};

constexpr std::string_view kHelp =
    "usage: smic-proxy --manifest=FILE [--images=DIR] [--admin=ADDRESS:PORT] [--workers=N]\n"
    "                  [--access-log=off|text|json] [--engine=native|portable]\n"
    "\n"
    "Enforces what a manifest says on live traffic, and follows the file: when it is replaced, "
    "and\n"
    "on SIGHUP, the new version takes over without a lost request. A bad one is refused with the\n"
    "reason, and the last good version stays. SIGTERM and SIGINT drain: no new connections, what "
    "is\n"
    "in flight ends, then the proxy does.\n"
    "\n"
    "options:\n"
    "  --manifest=FILE         what to enforce, as written by smic-controller\n"
    "  --images=DIR            where the images are (default: images/ beside the manifest)\n"
    "  --admin=ADDRESS:PORT    serves /metrics, /healthz, /readyz, /config and /addresses\n"
    "  --workers=N             threads for traffic (default: one per core)\n"
    "  --access-log=off|text|json   a line per request on stdout (default: off)\n"
    "  --engine=native|portable     who decides (default: native)\n"
    "  --help                  this text\n"
    "\n"
    "exit: 0 after SIGINT or SIGTERM, 1 the world failed, 64 wrong usage\n";

struct Configuration {
  std::string manifest;
  std::string images;
  std::string access_log = "off";
  std::string engine = "native";
  std::string workers;
  proxy::Options options;
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

std::string check(Configuration& given) {
  if (given.manifest.empty()) return "it needs --manifest=FILE";
  if (!given.workers.empty()) {
    const char* end = given.workers.data() + given.workers.size();
    const auto [stop, error] = std::from_chars(given.workers.data(), end, given.options.workers);
    if (error != std::errc() || stop != end || given.options.workers == 0 ||
        given.options.workers > kMostWorkers) {
      return "--workers: `" + given.workers + "` is not a number from 1 to " +
             std::to_string(kMostWorkers);
    }
  }
  if (given.access_log == "text") {
    given.options.access_log = proxy::AccessLog::text;
  } else if (given.access_log == "json") {
    given.options.access_log = proxy::AccessLog::json;
  } else if (given.access_log != "off") {
    return "--access-log: `" + given.access_log + "` is none of off, text and json";
  }
  if (given.engine != "native" && given.engine != "portable") {
    return "--engine: `" + given.engine + "` is neither native nor portable";
  }
  if (given.images.empty()) {
    const std::size_t slash = given.manifest.rfind('/');
    given.images =
        (slash == std::string::npos ? "" : given.manifest.substr(0, slash + 1)) + "images";
  }
  return {};
}

// Nothing, or what is wrong with the command line.
std::string parse(int argc, char** argv, Configuration& given) {
  for (int at = 1; at < argc; ++at) {
    if (std::string_view(argv[at]) == "--help") {
      given.help = true;
      return {};
    }
    const bool known = takes("--manifest", argc, argv, at, given.manifest) ||
                       takes("--images", argc, argv, at, given.images) ||
                       takes("--admin", argc, argv, at, given.options.admin_address) ||
                       takes("--workers", argc, argv, at, given.workers) ||
                       takes("--access-log", argc, argv, at, given.access_log) ||
                       takes("--engine", argc, argv, at, given.engine);
    if (!known) return "`" + std::string(argv[at]) + "` is not understood";
  }
  return check(given);
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("read " + path + ": " + std::generic_category().message(errno));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// An image is named by its digest: "sha256-<hex>.img", or "<hex>" as smic-controller writes it.
Result<contract::Bytes> read_image(const std::string& directory, const std::string& digest) {
  std::string name = digest;
  for (char& c : name) {
    if (c == ':') c = '-';
    if (c == '/') return fail("`" + digest + "` is not a digest");
  }
  auto text = read_file(directory + "/" + name + ".img");
  if (!text) text = read_file(directory + "/" + digest.substr(digest.find(':') + 1));
  if (!text) return std::unexpected(text.error());
  const auto* bytes = reinterpret_cast<const std::byte*>(text->data());
  return contract::Bytes(bytes, bytes + text->size());
}

// Which file is at a path: changes when it is replaced or written to.
auto identity_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) status = {};
  return std::tuple(status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

// Follows the manifest's file.
class Follower {
 public:
  Follower(const Configuration& given, proxy::Proxy& proxy) : given_(given), proxy_(proxy) {}

  // The file as it is now becomes what is enforced, or an error tells why not.
  Result<void> load() {
    seen_ = identity_of(given_.manifest);
    const auto text = read_file(given_.manifest);
    if (!text) return std::unexpected(text.error());
    const auto manifest = contract::manifest_from_json(*text);
    if (!manifest) return fail(manifest, given_.manifest);
    const auto engine =
        given_.engine == "native" ? program::Engine::native : program::Engine::portable;
    const auto snapshot = program::build_snapshot(
        *manifest, [&](const std::string& digest) { return read_image(given_.images, digest); },
        engine, current_.get());
    if (!snapshot) return std::unexpected(snapshot.error());
    if (const auto applied = proxy_.apply(*snapshot); !applied) return applied;
    current_ = *snapshot;
    return {};
  }

  void reload() {
    if (const auto loaded = load(); !loaded) {
      log_error("manifest refused", {{"reason", loaded.error().message},
                                     {"version_in_force", std::to_string(current_->version)}});
      return;
    }
    log_info("enforcing", {{"version", std::to_string(current_->version)},
                           {"units", std::to_string(current_->units.size())}});
  }

  void reload_if_changed() {
    if (identity_of(given_.manifest) != seen_) reload();
  }

  const program::Snapshot& current() const { return *current_; }

 private:
  const Configuration& given_;
  proxy::Proxy& proxy_;
  std::shared_ptr<const program::Snapshot> current_;
  decltype(identity_of("")) seen_;
};

void log_start(const Configuration& given, const proxy::Proxy& proxy,
               const program::Snapshot& snapshot) {
  log_info("smic-proxy", {{"manifest", given.manifest},
                          {"images", given.images},
                          {"version", std::to_string(snapshot.version)},
                          {"units", std::to_string(snapshot.units.size())},
                          {"workers", given.workers.empty() ? "one per core" : given.workers},
                          {"engine", given.engine},
                          {"access_log", given.access_log}});
  if (const std::string admin = proxy.admin_address(); !admin.empty()) {
    log_info("admin", {{"address", admin}});
  }
  for (const program::Unit& unit : snapshot.units) {
    log_info("listening",
             {{"address",
               unit.manifest.listen_address + ":" + std::to_string(unit.manifest.listen_port)},
              {"unit", unit.manifest.service + ":" + std::to_string(unit.manifest.port)}});
  }
}

int failed(const Error& error) {
  std::cerr << "smic-proxy: " << error.message << '\n';
  return 1;
}

int run(const Configuration& given, const sigset_t& signals) {
  const auto proxy = proxy::Proxy::start(given.options);
  if (!proxy) return failed(proxy.error());
  Follower follower(given, **proxy);
  if (const auto loaded = follower.load(); !loaded) return failed(loaded.error());
  log_start(given, **proxy, follower.current());
  for (;;) {
    const int signal = ::sigtimedwait(&signals, nullptr, &kFollowInterval);
    if (signal == SIGTERM || signal == SIGINT) break;
    if (signal == SIGHUP) {
      follower.reload();
    } else {
      follower.reload_if_changed();
    }
  }
  log_info("draining");
  const bool whole = (*proxy)->drain(kDrainDeadline);
  log_info("stopped", {{"cut_off", whole ? "nothing" : "what had not ended in time"}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Configuration given;
  if (const std::string wrong = parse(argc, argv, given); !wrong.empty()) {
    std::cerr << "smic-proxy: " << wrong << " (smic-proxy --help)\n";
    return kWrongUsage;
  }
  if (given.help) {
    std::cout << kHelp;
    return 0;
  }
  // Blocked before any thread starts, so that only the main thread takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return run(given, signals);
}
