// SPDX-License-Identifier: Apache-2.0
// A kubeconfig read by the YAML reader of manifests, so that it needs no other library and obeys
// the same limits. Null and absent are the same, as for kubectl. Tested by config_test.cpp and
// fuzzed by tests/fuzz/fuzz_kube.cpp.
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>

#include "base/did_you_mean.h"
#include "compiler/resources/documents.h"
#include "controller/kube/config.h"

namespace smic::kube {
namespace {

using resources::find;
using resources::Node;
using resources::NodeKind;

const Node* child(const Node* mapping, std::string_view key) {
  if (mapping == nullptr || mapping->kind != NodeKind::mapping) return nullptr;
  const Node* value = find(*mapping, key);
  return value == nullptr || value->kind == NodeKind::null ? nullptr : value;
}

std::string text(const Node* mapping, std::string_view key) {
  const Node* value = child(mapping, key);
  return value != nullptr && value->kind == NodeKind::scalar ? std::string(value->text)
                                                             : std::string();
}

std::optional<std::string> decode_base64(std::string_view encoded) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  while (encoded.ends_with('=') || encoded.ends_with('\n')) encoded.remove_suffix(1);
  for (const char c : encoded) {
    static constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFF;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

// An entry of `clusters`, `users` or `contexts`: the mapping under `key` of the one of this name.
Result<const Node*> named(const Node& root, std::string_view list, std::string_view key,
                          const std::string& name) {
  const Node* entries = child(&root, list);
  std::vector<std::string> names;
  if (entries != nullptr && entries->kind == NodeKind::sequence) {
    for (const resources::Entry& entry : entries->entries) {
      if (text(entry.value, "name") == name) return child(entry.value, key);
      names.push_back(text(entry.value, "name"));
    }
  }
  const std::string help = suggest(name, names);
  return fail("there is no " + std::string(key) + " `" + name + '`' +
              (help.empty() ? "" : "; " + help));
}

class Reader {
 public:
  Reader(const Node& root, std::filesystem::path directory)
      : root_(root), directory_(std::move(directory)) {}

  Result<Config> read(std::string context_name) {
    if (context_name.empty()) context_name = text(&root_, "current-context");
    if (context_name.empty()) return fail("no context is current; name one with --context");
    const auto context = named(root_, "contexts", "context", context_name);
    if (!context) return std::unexpected(context.error());
    const auto cluster = named(root_, "clusters", "cluster", text(*context, "cluster"));
    if (!cluster) return fail(cluster, "context `" + context_name + '`');
    if (auto done = read_cluster(*cluster); !done) {
      return fail(done, "cluster `" + text(*context, "cluster") + '`');
    }
    const std::string user_name = text(*context, "user");
    if (!user_name.empty()) {
      const auto user = named(root_, "users", "user", user_name);
      if (!user) return fail(user, "context `" + context_name + '`');
      if (auto done = read_user(*user); !done) return fail(done, "user `" + user_name + '`');
    }
    if (const std::string ns = text(*context, "namespace"); !ns.empty()) config_.ns = ns;
    return config_;
  }

 private:
  Result<void> read_cluster(const Node* cluster) {
    if (text(cluster, "insecure-skip-tls-verify") == "true") {
      return fail(
          "`insecure-skip-tls-verify` is not supported: whoever answers could rule the "
          "mesh; give `certificate-authority`");
    }
    if (!text(cluster, "proxy-url").empty()) return fail("`proxy-url` is not supported");
    if (auto done = read_server(text(cluster, "server")); !done) return done;
    config_.server_name = text(cluster, "tls-server-name");
    return secret(cluster, "certificate-authority", config_.authorities);
  }

  // https://HOST[:PORT][/PREFIX]
  Result<void> read_server(std::string_view server) {
    const std::string whole(server);
    if (server.empty()) return fail("`server` is missing");
    config_.tls = server.starts_with("https://");
    if (!config_.tls && !server.starts_with("http://")) {
      return fail("`server` must be a https:// address, but is `" + whole + '`');
    }
    server.remove_prefix(config_.tls ? 8 : 7);
    const std::size_t slash = std::min(server.find('/'), server.size());
    config_.prefix = server.substr(slash);
    while (config_.prefix.ends_with('/')) config_.prefix.pop_back();
    if (!read_authority(server.substr(0, slash)) || !is_plain(config_.prefix)) {
      return fail("`server` is no address: `" + whole + '`');
    }
    const bool here =
        config_.host == "localhost" || config_.host == "::1" || config_.host.starts_with("127.");
    if (config_.tls || here) return {};
    return fail("`server` must be https:// unless it is this machine itself");
  }

  bool read_authority(std::string_view authority) {
    config_.port = config_.tls ? 443 : 80;
    std::string_view port;
    if (authority.starts_with('[')) {
      const std::size_t end = authority.find(']');
      if (end == authority.npos) return false;
      config_.host = authority.substr(1, end - 1);
      port = authority.substr(end + 1);
    } else {
      const std::size_t colon = std::min(authority.find(':'), authority.size());
      config_.host = authority.substr(0, colon);
      port = authority.substr(colon);
    }
    if (config_.host.empty() || !is_plain(config_.host)) return false;
    if (port.empty()) return true;
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), config_.port);
    return error == std::errc{} && end == port.data() + port.size() && config_.port != 0;
  }

  // Printable and without blanks, so that it can stand in a request's head.
  static bool is_plain(std::string_view text) {
    for (const char c : text) {
      if (c <= ' ' || c >= 0x7F) return false;
    }
    return true;
  }

  Result<void> read_user(const Node* user) {
    for (const std::string_view way : {"exec", "auth-provider"}) {
      if (child(user, way) != nullptr) {
        return fail("logging in by `" + std::string(way) +
                    "` is not supported; use a token, a token file or a client certificate, as "
                    "of a ServiceAccount (`kubectl create token`)");
      }
    }
    if (!text(user, "username").empty()) {
      return fail("logging in by password is not supported, as by Kubernetes itself");
    }
    config_.token = {text(user, "token"), path(text(user, "tokenFile"))};
    if (auto done = secret(user, "client-certificate", config_.certificate); !done) return done;
    if (auto done = secret(user, "client-key", config_.key); !done) return done;
    if (config_.certificate.given() == config_.key.given()) return {};
    return fail("a client certificate needs its key, and a key its certificate");
  }

  // KEY-data wins over KEY, as for kubectl.
  Result<void> secret(const Node* mapping, const std::string& key, Secret& secret) const {
    const std::string encoded = text(mapping, key + "-data");
    if (encoded.empty()) {
      secret.file = path(text(mapping, key));
      return {};
    }
    auto decoded = decode_base64(encoded);
    if (!decoded || decoded->empty()) return fail('`' + key + "-data` is not base64");
    secret.data = std::move(*decoded);
    return {};
  }

  std::string path(const std::string& name) const {
    return name.empty() ? name : (directory_ / name).string();
  }

  const Node& root_;
  std::filesystem::path directory_;
  Config config_;
};

}  // namespace

Result<Config> parse_kubeconfig(const std::string& text, const std::string& directory,
                                const std::string& context) {
  Sources sources;
  const SourceId source = sources.add("kubeconfig", text);
  const auto documents = resources::split_documents(sources, source);
  if (documents.size() != 1) return fail("this is no kubeconfig: one YAML document is expected");
  resources::TreeBuilder builder(documents[0].text);
  std::optional<resources::Failure> failure = resources::check_text(documents[0]);
  if (!failure) resources::read_yaml(documents[0], builder);
  if (!failure) failure = builder.failure();
  if (failure) return fail("line " + std::to_string(failure->span.line) + ": " + failure->message);
  if (builder.root() == nullptr || builder.root()->kind != NodeKind::mapping) {
    return fail("this is no kubeconfig: it is no mapping");
  }
  return Reader(*builder.root(), directory).read(context);
}

}  // namespace smic::kube
