// SPDX-License-Identifier: Apache-2.0
// smic-controller as a daemon: a source is followed, and every update is handed to a list of
// components. A cluster and a directory run the same code; what needs an API is then not in the
// list.
//
// To add a concern: derive from controller::Component in a folder of its own, and add it to the
// list in components.cpp. To add an option: a field and a line in configuration.cpp; the file of
// settings knows it then, too.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/command_line.h"
#include "controller/api/judge.h"
#include "controller/component.h"
#include "controller/daemon/configuration.h"
#include "controller/kube/kube.h"

namespace smic::controller {

// What components are made of. Lives longer than they do.
struct Surroundings {
  const Configuration& configuration;
  const kube::Stop& stop;          // ends every wait, before the components' stop() is called
  kube::Client* api = nullptr;     // null without a cluster
  kube::Leadership& leadership;    // ask before every write, as the writer does
  kube::Writer* writer = nullptr;  // null without a cluster
  std::string ns;                  // where our own objects live: the Lease, Secrets, ConfigMaps
  std::shared_ptr<shadow::Wishes> wishes;  // what the address plan wants; of shadow Services alone
  // What keeps the daemon from being ready, a line each; empty = it is. From any thread.
  std::function<std::vector<std::string>()> not_ready;
  std::function<std::string()> metrics;  // of all components
  // As it is now: SIGHUP may have changed it. From any thread.
  std::function<std::shared_ptr<const Configuration>()> now;
  api::InMesh in_mesh;  // what admission shows beside its judgement
};

// THE list: started in this order, stopped in the reverse one.
Result<std::vector<std::unique_ptr<Component>>> components(const Surroundings& surroundings);

// What DIR gets for proxies that follow files (publish.h).
std::unique_ptr<Component> file_publisher(std::string directory);

// Runs until SIGTERM or SIGINT; the exit code. `signals` are blocked. SIGHUP reads `fresh`, which
// fills a new configuration from the same command line and the file as it is now.
using ReadAgain = std::function<Result<Configuration>()>;
int run(const Configuration& configuration, const sigset_t& signals, const ReadAgain& fresh);

}  // namespace smic::controller
