// SPDX-License-Identifier: Apache-2.0
// What smic-controller can be told, by flags and by a file of settings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/command_line.h"
#include "base/log.h"
#include "compiler/compile.h"
#include "controller/node_plan.h"
#include "controller/shadow/shadow.h"
#include "controller/traffic/metrics_api.h"

namespace smic::controller {

CompileOptions with_system_services_left_out();

// By source: node in a cluster, loopback for a directory.
enum class AddressPlanName { by_source, loopback, node, shadow };

struct Configuration {
  std::string config;
  std::string resources;
  std::string kubeconfig;
  std::string context;
  std::string out;
  std::string listen;  // HTTPS
  std::string health;  // plain HTTP
  std::string keys;
  std::vector<std::string> proxies;  // whose figures are read, besides those of the cluster's pods
  traffic::LatencyUnit metrics_unit = traffic::LatencyUnit::seconds;
  std::string cache;
  std::string tokens;  // of nodes, without a cluster
  std::string ns;
  bool read_only = false;
  unsigned lease_seconds = 15;
  bool manage_dns = true;
  unsigned dns_seconds = 120;
  std::vector<std::string> mesh_zones{"mesh"};
  AddressPlanName address_plan = AddressPlanName::by_source;
  std::string mesh_ranges = kDefaultMeshRanges;
  std::string shadow_ports = shadow::kDefaultPorts;
  CompileOptions compile = with_system_services_left_out();
  LogFormat log_format = LogFormat::text;
  LogLevel log_level = LogLevel::info;

  bool has_cluster() const { return resources.empty(); }
};

// The options point into `configuration`.
Syntax syntax_of(Configuration& configuration);

// `wishes`: of shadow Services, if the plan is theirs; `ns`: smic's own.
std::unique_ptr<AddressPlan> address_plan(const Configuration& configuration, const std::string& ns,
                                          std::shared_ptr<shadow::Wishes> wishes);
shadow::Options shadow_options(const Configuration& configuration, const std::string& ns);

// What is wrong about options that are each right.
std::optional<std::string> contradiction(const Configuration& configuration);

// What SIGHUP makes of it. What has begun to live by the old (addresses, keys, the plan that mesh
// addresses come from) stays until a restart.
Configuration taken_up(const Configuration& before, const Configuration& fresh);

// The names of options that differ.
std::vector<std::string> differences(Configuration one, Configuration other);

}  // namespace smic::controller
