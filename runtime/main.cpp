// SPDX-License-Identifier: Apache-2.0
// smic-proxy: enforces a manifest and its images from files, and follows them. The subscription to
// a controller will be another source of the same two things.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/command_line.h"
#include "base/log.h"
#include "compiler/settings/settings.h"
#include "runtime/dns/dns.h"
#include "runtime/proxy/probe.h"
#include "runtime/proxy/proxy.h"

namespace {

using namespace smic;

constexpr unsigned kMostWorkers = 1024;
constexpr std::chrono::seconds kDrainDeadline{30};
constexpr timespec kFollowInterval{0, 200'000'000};

struct Configuration {
  std::string config;
  std::string manifest;
  std::string images;
  program::Engine engine = program::Engine::native;
  std::string dns_address;
  std::string ready_of, live_of;  // sockets of another process
  proxy::Options options;
  LogFormat log_format = LogFormat::text;
  LogLevel log_level = LogLevel::info;
};

Syntax syntax_of(Configuration& given) {
  Syntax syntax;
  syntax.command = "smic-proxy";
  syntax.most = 0;
  syntax.about =
      "Enforces what a manifest says on live traffic, and follows the file: when it is replaced, "
      "and\n"
      "on SIGHUP, the new version takes over without a lost request. A bad one is refused with "
      "the\n"
      "reason, and the last good version stays. SIGTERM and SIGINT drain: no new connections, "
      "what\n"
      "is in flight ends, then the proxy does. --manifest is needed.";
  syntax.options = {
      text("--config", "FILE", given.config,
           "settings: YAML, a key per option without its dashes;\n"
           "what is said here wins"),
      text("--manifest", "FILE", given.manifest, "what to enforce, as written by smic-controller"),
      text("--images", "DIR", given.images,
           "where the images are\n"
           "(default: images/ beside the manifest)"),
      text("--admin", "ADDRESS:PORT", given.options.admin_address,
           "serves /metrics, /healthz, /readyz, /config and\n"
           "/addresses (default: nowhere); a successor may share it"),
      text("--admin-socket", "FILE", given.options.admin_socket,
           "serves the same on a Unix socket, which is this process's\n"
           "alone (default: nowhere)"),
      text("--ready", "FILE", given.ready_of,
           "only asks the proxy with that --admin-socket whether it is\n"
           "ready, and exits with 0 or 1; for a readiness probe"),
      text("--live", "FILE", given.live_of, "the same, for a liveness probe"),
      text("--dns", "ADDRESS:PORT", given.dns_address,
           "answers DNS questions for mesh names there, by UDP and\n"
           "TCP (default: nowhere)"),
      number("--workers", "N", given.options.workers, kMostWorkers,
             "threads for traffic (default: 0, one per core)"),
      choice<proxy::AccessLog>("--access-log",
                               {{"off", proxy::AccessLog::off},
                                {"text", proxy::AccessLog::text},
                                {"json", proxy::AccessLog::json}},
                               given.options.access_log,
                               "a line per request, TCP connection and UDP flow on stdout\n"
                               "(default: off)"),
      choice<program::Engine>(
          "--engine",
          {{"native", program::Engine::native}, {"portable", program::Engine::portable}},
          given.engine, "who decides (default: native)"),
      choice<LogFormat>("--log", {{"text", LogFormat::text}, {"json", LogFormat::json}},
                        given.log_format, "on stderr (default: text)"),
      choice<LogLevel>("--log-level",
                       {{"debug", LogLevel::debug},
                        {"info", LogLevel::info},
                        {"warning", LogLevel::warning},
                        {"error", LogLevel::error}},
                       given.log_level, "the least to tell (default: info)")};
  syntax.ending =
      "exit: 0 after SIGINT or SIGTERM, 1 the world failed, 2 the file of settings has mistakes,\n"
      "64 wrong usage";
  return syntax;
}

std::string images_beside(const std::string& manifest) {
  const std::size_t slash = manifest.rfind('/');
  return (slash == std::string::npos ? "" : manifest.substr(0, slash + 1)) + "images";
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
  Follower(const Configuration& given, proxy::Proxy& proxy, dns::Server* dns)
      : given_(given), proxy_(proxy), dns_(dns) {}

  // The file as it is now becomes what is enforced, or an error tells why not.
  Result<void> load() {
    seen_ = identity_of(given_.manifest);
    const auto text = read_file(given_.manifest);
    if (!text) return std::unexpected(text.error());
    const auto manifest = contract::manifest_from_json(*text);
    if (!manifest) return fail(manifest, given_.manifest);
    const auto snapshot = program::build_snapshot(
        *manifest, [&](const std::string& digest) { return read_image(given_.images, digest); },
        given_.engine, current_.get());
    if (!snapshot) return std::unexpected(snapshot.error());
    if (const auto applied = proxy_.apply(*snapshot); !applied) return applied;
    current_ = *snapshot;
    tell_names(*manifest);
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
  // After what they lead to. Most versions have the same names as the one before.
  void tell_names(const contract::Manifest& manifest) {
    if (dns_ == nullptr || names_ == manifest.names) return;
    dns_->use(std::make_shared<dns::Zones>(
        dns::Zones::build(manifest.names, static_cast<std::uint32_t>(manifest.version))));
    names_ = manifest.names;
  }

  const Configuration& given_;
  proxy::Proxy& proxy_;
  dns::Server* dns_;                      // null: nobody asked for it
  std::optional<contract::Names> names_;  // that it answers from
  std::shared_ptr<const program::Snapshot> current_;
  decltype(identity_of("")) seen_;
};

void log_start(const proxy::Proxy& proxy, const program::Snapshot& snapshot) {
  log_info("enforcing", {{"version", std::to_string(snapshot.version)},
                         {"units", std::to_string(snapshot.units.size())}});
  if (const std::string admin = proxy.admin_address(); !admin.empty()) {
    log_info("admin", {{"address", admin}});
  }
  for (const auto& each : snapshot.units) {
    const contract::Unit& unit = each->manifest;
    for (const std::string& address : proxy.listens_on(unit)) {
      log_info("listening",
               {{"address", address}, {"unit", unit.service + ":" + std::to_string(unit.port)}});
    }
  }
}

int failed(const Error& error) {
  std::cerr << "smic-proxy: " << error.message << '\n';
  return kWorldFailed;
}

int ask(const std::string& socket_file, const std::string& path) {
  const auto asked = proxy::probe(socket_file, path);
  return asked ? kDone : failed(asked.error());
}

int run(const Configuration& given, const sigset_t& signals) {
  const auto proxy = proxy::Proxy::start(given.options);
  if (!proxy) return failed(proxy.error());
  std::unique_ptr<dns::Server> dns;
  if (!given.dns_address.empty()) {
    auto started = dns::Server::start(given.dns_address);
    if (!started) return failed(started.error());
    dns = std::move(*started);
  }
  Follower follower(given, **proxy, dns.get());
  if (const auto loaded = follower.load(); !loaded) return failed(loaded.error());
  log_start(**proxy, follower.current());
  if (dns) log_info("dns", {{"address", dns->address()}});
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
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  Configuration given;
  const Syntax syntax = syntax_of(given);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (const auto code = settings::start({syntax, &given.config}, words, std::cout, std::cerr)) {
    return *code;
  }
  if (!given.ready_of.empty()) return ask(given.ready_of, "/readyz");
  if (!given.live_of.empty()) return ask(given.live_of, "/healthz");
  if (given.manifest.empty()) return wrong_usage(syntax, "it needs --manifest=FILE", std::cerr);
  if (given.images.empty()) given.images = images_beside(given.manifest);
  configure_log(given.log_format, given.log_level);
  settings::log_in_force(syntax);
  // Blocked before any thread starts, so that only the main thread takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return run(given, signals);
}
