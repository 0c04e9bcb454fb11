// SPDX-License-Identifier: Apache-2.0
// The compiler's front door: resources in, images and the names behind them out. The pipeline of
// DESIGN §3, one step a function, so that `smic compile --emit=STAGE` can stop after any of them:
//
//   resources::Set → model::Mesh → raw units → optimised units → decision → image
//
// The compiler is a function (invariant 1): no clock, no network, no environment, and the file
// system only in resources::read_paths, before it starts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"
#include "compiler/model/model.h"
#include "compiler/passes/passes.h"
#include "compiler/resources/resources.h"
#include "contract/contract.h"

namespace smic {

class CompiledStore;  // unit_compiler.h

struct CompileOptions {
  model::Options model;
  passes::Options passes;
  std::vector<std::string> targets;      // sorted: CPUs that small units get code for, beside their
                                         // tables (codegen::targets()); none = tables alone
  std::shared_ptr<CompiledStore> store;  // of many units that are compiled; none = nothing is kept
};

// What the front half makes of the input. Never fails: mistakes are in the diagnostics, the
// resource that has one is left out, the rest is here (closed for access, plain root for splits).
struct Frontend {
  resources::Set resources;
  model::Mesh mesh;             // empty where the input was .smir only
  std::vector<ir::Unit> units;  // raw, verified, sorted by service and port
};

// YAML, JSON and .smir sources alike.
Frontend analyze(const Sources& sources, const CompileOptions& options, Diagnostics& diagnostics);

// One unit, compiled. The manifest half has names, routes and weights; listen address and endpoints
// are filled in where a manifest is assembled (controller/).
struct CompiledUnit {
  contract::Bytes image;                // its tables
  std::vector<contract::Bytes> native;  // as names.native
  contract::Unit names;                 // digests set; backends without endpoints
};

// Many units, on several threads and with a memory: unit_compiler.h.
Result<CompiledUnit> compile_unit(const ir::Unit& raw, const CompileOptions& options);

// Fills the endpoints of a compiled unit's backends from the mesh: ready ones that have an address.
contract::Unit with_endpoints(contract::Unit names, const model::Mesh& mesh);

// Every pod of the mesh that has an address of its own.
std::vector<contract::PodIdentity> pod_identities(const model::Mesh& mesh);

}  // namespace smic
