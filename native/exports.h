// Every function that addon.cc exports, by the file that defines it.
#pragma once

#include <napi.h>

namespace tscope {

// cpu.cc
bool TscReadable();
bool HasRdtscp();
Napi::Value TscReadable(const Napi::CallbackInfo& info);
Napi::Value Cpuid(const Napi::CallbackInfo& info);

// read.cc
bool ThrowUnlessTscReadable(Napi::Env env);
Napi::Value Rdtscp(const Napi::CallbackInfo& info);
Napi::Value CreatePairReader(const Napi::CallbackInfo& info);
Napi::Value CreateTscReader(const Napi::CallbackInfo& info);
Napi::Value ReadBrackets(const Napi::CallbackInfo& info);
Napi::Value ClockResolution(const Napi::CallbackInfo& info);

// wait.cc
Napi::Value SleepUntil(const Napi::CallbackInfo& info);
Napi::Value SpinUntilTsc(const Napi::CallbackInfo& info);
Napi::Value SleepThenSpin(const Napi::CallbackInfo& info);

// thread.cc
Napi::Value GetAffinity(const Napi::CallbackInfo& info);
Napi::Value SetAffinity(const Napi::CallbackInfo& info);
Napi::Value SetFifoPriority(const Napi::CallbackInfo& info);
Napi::Value TryFifoPriority(const Napi::CallbackInfo& info);
Napi::Value GetTimerSlack(const Napi::CallbackInfo& info);
Napi::Value SetTimerSlack(const Napi::CallbackInfo& info);
Napi::Value SetSlice(const Napi::CallbackInfo& info);
Napi::Value DieWithParent(const Napi::CallbackInfo& info);
Napi::Value ExitNow(const Napi::CallbackInfo& info);

// exchange.cc
Napi::Value ExchangeTsc(const Napi::CallbackInfo& info);

// reference.cc
Napi::Value TimeReferenceAdvances(const Napi::CallbackInfo& info);

// perf.cc
Napi::Value ReadPerfTime(const Napi::CallbackInfo& info);

// peek.cc
Napi::Value Peek(const Napi::CallbackInfo& info);

// memory.cc
Napi::Value LimitArenas(const Napi::CallbackInfo& info);

// notify.cc
Napi::Value Notify(const Napi::CallbackInfo& info);

// adjtimex.cc
Napi::Value ReadAdjtimex(const Napi::CallbackInfo& info);

}  // namespace tscope
