@echo off
rem Starts Karyolens: a small server for this machine alone, and the page in the browser.
cd /d "%~dp0"
if exist karyolens.exe (
  karyolens.exe --open %*
) else (
  echo This folder has no karyolens.exe, which has to be built on Windows:
  echo run "cargo build --release" in a checkout of Karyolens there and copy
  echo target\release\karyolens-serve.exe here as karyolens.exe.
)
pause
