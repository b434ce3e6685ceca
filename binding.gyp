{
  "target_defaults": {
    "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
    "cflags_cc!": ["-fno-rtti"],
    "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
    "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"]
  },
  "targets": [
    {
      "target_name": "tscope",
      "sources": [
        "native/addon.cc",
        "native/arguments.cc",
        "native/cpu.cc",
        "native/read.cc",
        "native/wait.cc",
        "native/thread.cc",
        "native/adjtimex.cc",
        "native/exchange.cc",
        "native/perf.cc",
        "native/peek.cc",
        "native/notify.cc",
        "native/memory.cc",
        "native/reference.cc"
      ],
      "ldflags": ["-Wl,-z,nodelete"],
      "defines": ["TSCOPE_SOURCE_HASH=\"<!(node scripts/native-hash.cjs)\""]
    },
    {
      "target_name": "tscope_kvm",
      "sources": [
        "native/arguments.cc",
        "native/kvm/addon.cc",
        "native/kvm/guest.cc",
        "native/kvm/machine.cc",
        "native/kvm/stats.cc",
        "native/kvm/timer-burst.cc",
        "native/kvm/vcpu-loop.cc",
        "native/kvm/vcpu-thread.cc"
      ],
      "defines": ["TSCOPE_SOURCE_HASH=\"<!(node scripts/native-hash.cjs)\""]
    }
  ]
}
