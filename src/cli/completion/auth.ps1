# Completion of auth for PowerShell: auth completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName auth -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    $words = @($before | Select-Object -Skip 1) + "$wordToComplete"
    $auth = Get-Command auth -CommandType Application -TotalCount 1 -ErrorAction SilentlyContinue
    if (-not $auth) { return }
    $answer = @(& $auth __complete $words.Count @words 2>$null)

    # Nothing returned: PowerShell offers files.
    if ($answer.Count -eq 0 -or $answer[0]) { return }
    if ($answer.Count -eq 1) { return '' }
    $answer | Select-Object -Skip 1 | ForEach-Object {
        $value, $description = $_ -split "`t", 2
        if (-not $description) { $description = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
    }
}
