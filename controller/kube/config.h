// SPDX-License-Identifier: Apache-2.0
// Where the API is and who we are: from a kubeconfig, or from what every pod finds on its disk.
//
// What may change while we run (a pod's token is replaced every hour, certificates are renewed) is
// kept as the name of its file and read again for every use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace smic::kube {

// Bytes that stand in the configuration, or in a file beside it.
struct Secret {
  std::string data;
  std::string file;  // wins if both are there

  bool given() const { return !data.empty() || !file.empty(); }
  Result<std::string> read() const;
  bool operator==(const Secret&) const = default;
};

struct Config {
  std::string host;
  std::uint16_t port = 443;
  bool tls = true;          // without it only to this machine itself (`kubectl proxy`)
  std::string prefix;       // of every path, without a slash at the end
  std::string server_name;  // what the server's certificate must name; empty = the host
  Secret authorities;       // PEM; not given = the system's
  Secret certificate;       // PEM
  Secret key;               // PEM
  Secret token;
  std::string ns = "default";

  // "https://10.96.0.1:443"
  std::string server() const;
  bool operator==(const Config&) const = default;
};

inline constexpr std::size_t kMaxSecretBytes = 1u << 20;  // of a file named in a configuration

// `context` empty = the current one. Names of files are relative to `directory`. What smic does not
// support (exec and auth-provider log-ins, proxies, unverified servers) is refused by name.
Result<Config> parse_kubeconfig(const std::string& text, const std::string& directory,
                                const std::string& context);

// The file, with its own directory.
Result<Config> read_kubeconfig(const std::string& path, const std::string& context);

// `host` and `port` as in KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.
inline constexpr std::string_view kServiceAccountDirectory =
    "/var/run/secrets/kubernetes.io/serviceaccount";
Result<Config> in_cluster(const std::string& host, const std::string& port,
                          std::string_view directory = kServiceAccountDirectory);

}  // namespace smic::kube
