// A monthly budget for a resource group, with warnings to those who pay: at 80 % of what was spent and at 100 % of what is forecast.

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Amount per month in the currency of the Azure subscription.')
@minValue(1)
param monthlyAmount int

@description('Required. Who is told.')
@minLength(1)
param contactEmails string[]

@description('Required. First day of the first month, such as 2026-12-01. Azure refuses to change it later and refuses one in the past.')
param startDate string

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: 'budget-${baseName}'
  properties: {
    category: 'Cost'
    timeGrain: 'Monthly'
    amount: monthlyAmount
    timePeriod: { startDate: startDate }
    notifications: {
      spent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: contactEmails
      }
      forecast: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: contactEmails
      }
    }
  }
}

@description('Resource id of the budget.')
output resourceId string = budget.id

@description('Name of the budget.')
output name string = budget.name
