// SPDX-License-Identifier: Apache-2.0
// Tested by config_test.cpp.
#include "controller/kube/config.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

namespace smic::kube {
namespace {

// As kubelet, which replaces what a link points at, leaves it: one open, one text.
Result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail("open " + path + ": " + std::strerror(errno));
  std::string text(kMaxSecretBytes + 1, '\0');
  std::size_t size = 0;
  ssize_t piece = 0;
  while (size < text.size() && (piece = ::read(file, text.data() + size, text.size() - size)) > 0) {
    size += static_cast<std::size_t>(piece);
  }
  const int error = errno;
  ::close(file);
  if (piece < 0) return fail("read " + path + ": " + std::strerror(error));
  if (size > kMaxSecretBytes) {
    return fail(path + " has more than " + std::to_string(kMaxSecretBytes) + " bytes");
  }
  text.resize(size);
  return text;
}

}  // namespace

Result<std::string> Secret::read() const {
  return file.empty() ? Result<std::string>(data) : read_file(file);
}

std::string Config::server() const {
  const std::string shown = host.contains(':') ? '[' + host + ']' : host;
  return (tls ? "https://" : "http://") + shown + ':' + std::to_string(port) + prefix;
}

Result<Config> read_kubeconfig(const std::string& path, const std::string& context) {
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  auto config = parse_kubeconfig(*text, std::filesystem::path(path).parent_path(), context);
  if (!config) return fail(config, path);
  return config;
}

Result<Config> in_cluster(const std::string& host, const std::string& port,
                          std::string_view directory) {
  if (host.empty() || port.empty()) {
    return fail(
        "this is no pod of a cluster: KUBERNETES_SERVICE_HOST and _PORT are not set; give "
        "--kubeconfig or --resources");
  }
  Config config{.host = host};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), config.port);
  if (error != std::errc{} || end != port.data() + port.size() || config.port == 0) {
    return fail("KUBERNETES_SERVICE_PORT is no port: " + port);
  }
  const std::filesystem::path folder(directory);
  config.token.file = folder / "token";
  config.authorities.file = folder / "ca.crt";
  for (const Secret& secret : {config.token, config.authorities}) {
    if (auto there = secret.read(); !there) {
      return fail(there, "the pod's ServiceAccount (automountServiceAccountToken?)");
    }
  }
  if (auto ns = read_file(folder / "namespace"); ns && !ns->empty()) config.ns = *ns;
  return config;
}

}  // namespace smic::kube
